import type { Transaction } from 'kysely'
import type { Database } from '../../chassis/database.ts'
import type { MessagingTables } from '../../chassis/messaging-tables.ts'
import { refused } from '../../chassis/refusal.ts'
import type { Address, NewAddress } from './contract.ts'
import { present, refuse, roomForAnother, type Session, type User } from './domain.ts'
import type { Addresses, Credentials, Sessions, Users } from './ports.ts'

type UserRow = {
  user_id: string
  email: string
  name: string
  role: User['role']
  order_updates: boolean
  payment_updates: boolean
  marketing: boolean
  version: number
  registered_at: Date
}

type AddressRow = {
  address_id: string
  user_id: string
  name: string
  street: string
  postal_code: string
  city: string
  country: string
}

type SessionRow = {
  session_id: string
  user_id: string
  serial: number
  rotated_at: Date
  expires_at: Date
  ended_at: Date | null
}

export type UsersTables = {
  users: UserRow
  credentials: { user_id: string; password_hash: string }
  addresses: AddressRow
  sessions: SessionRow
  refresh_tokens: { hash: Buffer; session_id: string; serial: number }
}

type Rows = Transaction<UsersTables & MessagingTables>

export function createUsers({ rows, inTransaction }: Database<UsersTables>): Users {
  return {
    add: ({ user, facts }, passwordHash, address) =>
      inTransaction(async (tx) => {
        const added = await tx.rows
          .insertInto('users')
          .values(fromUser(user))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        if (added.numInsertedOrUpdatedRows === 0n) throw emailTaken()
        const credential = { user_id: user.userId, password_hash: passwordHash }
        await tx.rows.insertInto('credentials').values(credential).execute()
        if (address) await addAddress(tx.rows, user.userId, address)
        tx.announce(...facts)
        return user
      }),
    async find(userId) {
      const row = await rows
        .selectFrom('users')
        .selectAll()
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return row && toUser(row)
    },
    update: (userId, decide) =>
      inTransaction(async (tx) => {
        const change = decide(toUser(await lockUser(tx.rows, userId)))
        if (change.facts.length === 0) return change.user
        await tx.rows
          .updateTable('users')
          .set(fromUser(change.user))
          .where('user_id', '=', userId)
          .execute()
        tx.announce(...change.facts)
        return change.user
      }).catch(takenWhenNotUnique),
  }
}

export function createCredentials({ rows, inTransaction }: Database<UsersTables>): Credentials {
  return {
    async of(email) {
      const row = await rows
        .selectFrom('users')
        .innerJoin('credentials', 'credentials.user_id', 'users.user_id')
        .selectAll('users')
        .select('password_hash')
        .where('email', '=', email)
        .executeTakeFirst()
      return row && { user: toUser(row), passwordHash: row.password_hash }
    },
    replace: (userId, passwordHash, now) =>
      inTransaction(async (tx) => {
        await tx.rows
          .updateTable('credentials')
          .set({ password_hash: passwordHash })
          .where('user_id', '=', userId)
          .execute()
        await tx.rows
          .updateTable('sessions')
          .set({ ended_at: now })
          .where('user_id', '=', userId)
          .where('ended_at', 'is', null)
          .execute()
      }),
  }
}

export function createAddresses({ rows, inTransaction }: Database<UsersTables>): Addresses {
  return {
    async list(userId) {
      const found = await rows
        .selectFrom('addresses')
        .selectAll()
        .where('user_id', '=', userId)
        .orderBy('address_id')
        .execute()
      return found.map(toAddress)
    },
    add: (userId, address) =>
      inTransaction(async (tx) => {
        await lockUser(tx.rows, userId)
        const { count } = await tx.rows
          .selectFrom('addresses')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('user_id', '=', userId)
          .executeTakeFirstOrThrow()
        roomForAnother(count)
        await addAddress(tx.rows, userId, address)
      }),
    async replace(userId, addressId, address) {
      const { numUpdatedRows } = await rows
        .updateTable('addresses')
        .set(fromAddress(address))
        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) throw noSuchAddress()
    },
    async remove(userId, addressId) {
      const { numDeletedRows } = await rows
        .deleteFrom('addresses')
        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      if (numDeletedRows === 0n) throw noSuchAddress()
    },
  }
}

export function createSessions({ rows, inTransaction }: Database<UsersTables>): Sessions {
  return {
    open: (session, tokenHash) =>
      inTransaction(async (tx) => {
        await tx.rows.insertInto('sessions').values(fromSession(session)).execute()
        await addToken(tx.rows, session, tokenHash)
      }),
    present: (tokenHash, nextHash, now) =>
      inTransaction(async (tx) => {
        const row = await lockSession(tx.rows, tokenHash)
        if (!row) return { outcome: 'ended' }
        const { outcome, session } = present(toSession(row), row.token_serial, now)
        await tx.rows
          .updateTable('sessions')
          .set(fromSession(session))
          .where('session_id', '=', session.sessionId)
          .execute()
        if (outcome === 'rotated') await addToken(tx.rows, session, nextHash)
        return { outcome, session }
      }),
    async end(tokenHash, now) {
      await rows
        .updateTable('sessions')
        .set({ ended_at: now })
        .where('ended_at', 'is', null)
        .where('session_id', 'in', (query) =>
          query.selectFrom('refresh_tokens').select('session_id').where('hash', '=', tokenHash),
        )
        .execute()
    },
    async forgetExpired(now) {
      await rows.deleteFrom('sessions').where('expires_at', '<', now).execute()
    },
  }
}

const lockUser = (rows: Rows, userId: string): Promise<UserRow> =>
  rows
    .selectFrom('users')
    .selectAll()
    .where('user_id', '=', userId)
    .forUpdate()
    .executeTakeFirstOrThrow(() => refused('unauthenticated', 'This account does not exist.'))

/** Two refreshes with tokens of one family take turns here. */
const lockSession = (rows: Rows, tokenHash: Buffer) =>
  rows
    .selectFrom('sessions')
    .innerJoin('refresh_tokens', 'refresh_tokens.session_id', 'sessions.session_id')
    .selectAll('sessions')
    .select('refresh_tokens.serial as token_serial')
    .where('hash', '=', tokenHash)
    .forUpdate('sessions')
    .executeTakeFirst()

const addAddress = (rows: Rows, userId: string, address: Address) =>
  rows
    .insertInto('addresses')
    .values({ address_id: address.addressId, user_id: userId, ...fromAddress(address) })
    .execute()

const addToken = (rows: Rows, { sessionId, serial }: Session, hash: Buffer) =>
  rows.insertInto('refresh_tokens').values({ hash, session_id: sessionId, serial }).execute()

const emailTaken = () => refuse('email-taken', 'There is an account with this e-mail already.')
const noSuchAddress = () => refused('not-found', 'No such address.')

const uniqueViolation = '23505'

function takenWhenNotUnique(error: unknown): never {
  throw (error as { code?: unknown }).code === uniqueViolation ? emailTaken() : error
}

const toUser = (row: UserRow): User => ({
  userId: row.user_id,
  email: row.email,
  name: row.name,
  role: row.role,
  preferences: {
    orderUpdates: row.order_updates,
    paymentUpdates: row.payment_updates,
    marketing: row.marketing,
  },
  version: row.version,
  registeredAt: row.registered_at,
})

const fromUser = ({ preferences, ...user }: User): UserRow => ({
  user_id: user.userId,
  email: user.email,
  name: user.name,
  role: user.role,
  order_updates: preferences.orderUpdates,
  payment_updates: preferences.paymentUpdates,
  marketing: preferences.marketing,
  version: user.version,
  registered_at: user.registeredAt,
})

const toAddress = (row: AddressRow): Address => ({
  addressId: row.address_id,
  name: row.name,
  street: row.street,
  postalCode: row.postal_code,
  city: row.city,
  country: row.country,
})

const fromAddress = ({ name, street, postalCode, city, country }: NewAddress) => ({
  name,
  street,
  postal_code: postalCode,
  city,
  country,
})

const toSession = (row: SessionRow): Session => ({
  sessionId: row.session_id,
  userId: row.user_id,
  serial: row.serial,
  rotatedAt: row.rotated_at,
  expiresAt: row.expires_at,
  ...(row.ended_at && { endedAt: row.ended_at }),
})

const fromSession = (session: Session): SessionRow => ({
  session_id: session.sessionId,
  user_id: session.userId,
  serial: session.serial,
  rotated_at: session.rotatedAt,
  expires_at: session.expiresAt,
  ended_at: session.endedAt ?? null,
})
