import type { Database, Tx } from '@sidecart/chassis/persistence/database.ts'
import { type Change, changePassword, refuse, type User } from '../domain.ts'
import type { Credential, Credentials, Users } from '../ports.ts'
import { addAddress } from './addresses.ts'
import { lockUser } from './lock.ts'
import { endSessions } from './sessions.ts'
import { type Rows, type UserRow, type UsersTables, uniqueViolation } from './tables.ts'

export function createUsers({ rows, inTransaction }: Database<UsersTables>): Users {
  return {
    add: (change, passwordHash, address) =>
      inTransaction(async (tx) => {
        const user = await insertUser(tx, change, passwordHash)
        if (address) await addAddress(tx.rows, user.userId, address)
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
    async idsWith(email, limit) {
      const ids = () => rows.selectFrom('users').select('user_id').where('email', '=', email)
      const [owner, claims] = await Promise.all([
        ids().where('email_confirmed_at', 'is not', null).execute(),
        ids()
          .where('email_confirmed_at', 'is', null)
          .orderBy('registered_at', 'desc')
          .orderBy('user_id', 'desc')
          .limit(limit)
          .execute(),
      ])
      return [...owner, ...claims].slice(0, limit).map(({ user_id }) => user_id)
    },
    update: (userId, decide) =>
      inTransaction(async (tx) => {
        const user = toUser(await lockUser(tx.rows, userId))
        const change = decide(user)
        if (change.user !== user) await saveUser(tx, change)
        return change.user
      }),
  }
}

/** @throws Refusal `email-taken` */
export async function insertUser(
  { rows, emit }: Pick<Tx<UsersTables>, 'rows' | 'emit'>,
  { user, events }: Change,
  passwordHash: string,
): Promise<User> {
  const added = await rows
    .insertInto('users')
    .values(fromUser(user))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (added.numInsertedOrUpdatedRows === 0n) throw emailTaken()
  const credential = { user_id: user.userId, password_hash: passwordHash }
  await rows.insertInto('credentials').values(credential).execute()
  emit(...events)
  return user
}

export async function saveUser(
  { rows, emit }: Pick<Tx<UsersTables>, 'rows' | 'emit'>,
  { user, events }: Change,
): Promise<void> {
  await rows.updateTable('users').set(fromUser(user)).where('user_id', '=', user.userId).execute()
  emit(...events)
}

export function createCredentials({ rows, inTransaction }: Database<UsersTables>): Credentials {
  const credentials = () =>
    rows
      .selectFrom('users')
      .innerJoin('credentials', 'credentials.user_id', 'users.user_id')
      .selectAll('users')
      .select('password_hash')
  return {
    async of(email) {
      const owners = credentials().where('email', '=', email)
      const newest = credentials()
        .where('email', '=', email)
        .where('email_confirmed_at', 'is', null)
        .orderBy('registered_at', 'desc')
        .orderBy('users.user_id', 'desc')
        .limit(1)
      // each half names the condition of one of the two indexes; without it every sign-in would read all accounts
      const found = await owners
        .where('email_confirmed_at', 'is not', null)
        .unionAll(({ parens }) => parens(newest))
        .execute()
      const owner = found.find((row) => row.email_confirmed_at !== null)
      const newcomer = found.find((row) => row.email_confirmed_at === null)
      return {
        ...(owner && { owner: toCredential(owner) }),
        ...(newcomer && { newcomer: toCredential(newcomer) }),
      }
    },
    async ofUser(userId) {
      const row = await credentials().where('users.user_id', '=', userId).executeTakeFirst()
      return row && toCredential(row)
    },
    replace: (userId, passwordHash, now) =>
      inTransaction((tx) => replacePassword(tx, userId, passwordHash, now)),
  }
}

export async function replacePassword(
  tx: Pick<Tx<UsersTables>, 'rows' | 'emit'>,
  userId: string,
  passwordHash: string,
  now: Date,
): Promise<void> {
  const { rows } = tx
  await saveUser(tx, changePassword(toUser(await lockUser(rows, userId))))
  await rows
    .updateTable('credentials')
    .set({ password_hash: passwordHash })
    .where('user_id', '=', userId)
    .execute()
  await rows.deleteFrom('password_resets').where('user_id', '=', userId).execute()
  await endSessions(rows, userId, now)
}

const emailTaken = () => refuse('email-taken', 'There is an account with this e-mail already.')

export function takenWhenNotUnique(error: unknown): never {
  throw (error as { code?: unknown }).code === uniqueViolation ? emailTaken() : error
}

const toCredential = (row: UserRow & { password_hash: string }): Credential => ({
  user: toUser(row),
  passwordHash: row.password_hash,
})

/** Selects the account that has confirmed an e-mail. */
export const ownerOf = (rows: Pick<Rows, 'selectFrom'>, email: string) =>
  rows
    .selectFrom('users')
    .selectAll()
    .where('email', '=', email)
    .where('email_confirmed_at', 'is not', null)

export const toUser = (row: UserRow): User => ({
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
  ...(row.email_confirmed_at && { emailConfirmedAt: row.email_confirmed_at }),
  ...(row.awaited_confirmation && {
    awaited: { confirmationId: row.awaited_confirmation, email: row.awaited_email ?? row.email },
  }),
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
  email_confirmed_at: user.emailConfirmedAt ?? null,
  awaited_confirmation: user.awaited?.confirmationId ?? null,
  awaited_email: user.awaited?.email ?? null,
})
