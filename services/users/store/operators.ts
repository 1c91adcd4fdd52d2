import type { Database, Tx } from '@sidecart/chassis/persistence/database.ts'
import type { ExpressionBuilder } from 'kysely'
import { linkVoid, refuse } from '../domain.ts'
import type { Invitations, Operators } from '../ports.ts'
import { lockUser } from './lock.ts'
import { endSessions } from './sessions.ts'
import type { UsersTables } from './tables.ts'
import { insertUser, ownerOf, saveUser, toUser } from './users.ts'

export function createInvitations({ rows, inTransaction }: Database<UsersTables>): Invitations {
  return {
    add: ({ email, ...invitation }) =>
      inTransaction(async (tx) => {
        const owner = await ownerOf(tx.rows, email).executeTakeFirst()
        if (owner?.role === 'operator')
          throw refuse('already-operator', 'The account with this e-mail is an operator’s.')
        const row = {
          invitation_id: invitation.invitationId,
          hash: invitation.tokenHash,
          invited_at: invitation.invitedAt,
          expires_at: invitation.expiresAt,
        }
        await tx.rows
          .insertInto('operator_invitations')
          .values({ email, ...row })
          .onConflict((conflict) => conflict.column('email').doUpdateSet(row))
          .execute()
        return { hasAccount: owner !== undefined }
      }),

    async find(tokenHash, now) {
      const row = await rows
        .selectFrom('operator_invitations')
        .selectAll()
        .where('hash', '=', tokenHash)
        .where(isOpen(now))
        .executeTakeFirstOrThrow(linkVoid)
      return {
        invitationId: row.invitation_id,
        email: row.email,
        hasAccount: (await ownerOf(rows, row.email).executeTakeFirst()) !== undefined,
        expiresAt: row.expires_at,
      }
    },

    register: (tokenHash, now, decide) =>
      inTransaction(async (tx) => {
        const { email, invitationId } = await use(tx, tokenHash, now)
        const { change, passwordHash } = decide(email)
        return { invitationId, user: await insertUser(tx, change, passwordHash) }
      }),

    accept: ({ tokenHash, userId, now }, decide) =>
      inTransaction(async (tx) => {
        const { email, invitationId } = await use(tx, tokenHash, now)
        const user = decide(toUser(await lockUser(tx.rows, userId)), email)
        await saveUser(tx, { user, events: [] })
        await endSessions(tx.rows, userId, now)
        return { invitationId, user }
      }),

    async forgetExpired(now) {
      await rows.deleteFrom('operator_invitations').where('expires_at', '<=', now).execute()
    },
  }
}

/** Deletes an invitation, so that of two who use it at once only one finds it. @throws Refusal `link-void` */
async function use({ rows }: Tx<UsersTables>, tokenHash: Buffer, now: Date) {
  const { email, invitation_id } = await rows
    .deleteFrom('operator_invitations')
    .where('hash', '=', tokenHash)
    .where(isOpen(now))
    .returning(['email', 'invitation_id'])
    .executeTakeFirstOrThrow(linkVoid)
  return { email, invitationId: invitation_id }
}

const isOpen = (now: Date) => (eb: ExpressionBuilder<UsersTables, 'operator_invitations'>) =>
  eb('expires_at', '>', now)

export function createOperators({ rows, inTransaction }: Database<UsersTables>): Operators {
  return {
    async list(now) {
      const [operators, sessions, invitations] = await Promise.all([
        rows
          .selectFrom('users')
          .leftJoin('second_factors', 'second_factors.user_id', 'users.user_id')
          .selectAll('users')
          .select('confirmed_at')
          .where('role', '=', 'operator')
          .orderBy('email')
          .execute(),
        rows
          .selectFrom('sessions')
          .innerJoin('users', 'users.user_id', 'sessions.user_id')
          .select(({ fn }) => [
            'users.user_id',
            fn.countAll<string>().as('count'),
            fn.max('rotated_at').as('refreshed_at'),
          ])
          .where('role', '=', 'operator')
          .where('ended_at', 'is', null)
          .where('expires_at', '>', now)
          .groupBy('users.user_id')
          .execute(),
        rows
          .selectFrom('operator_invitations')
          .selectAll()
          .where(isOpen(now))
          .orderBy('email')
          .execute(),
      ])
      return {
        operators: operators.map(({ confirmed_at, ...row }) => {
          const open = sessions.find(({ user_id }) => user_id === row.user_id)
          return {
            user: toUser(row),
            secondFactor: confirmed_at !== null,
            sessions: Number(open?.count ?? 0),
            ...(open && { refreshedAt: open.refreshed_at }),
          }
        }),
        invitations: invitations.map((row) => ({
          email: row.email,
          invitedAt: row.invited_at,
          expiresAt: row.expires_at,
        })),
      }
    },

    revoke: (email, now) =>
      inTransaction(async (tx) => {
        // an invitation that is being accepted is waited for: the account is an operator's then
        const { numDeletedRows } = await tx.rows
          .deleteFrom('operator_invitations')
          .where('email', '=', email)
          .executeTakeFirst()
        const wasInvited = numDeletedRows > 0n
        const operator = await tx.rows
          .updateTable('users')
          .set({ role: 'customer' })
          .where('email', '=', email)
          .where('role', '=', 'operator')
          .returning('user_id')
          .executeTakeFirst()
        if (!operator) return { wasInvited, sessionsEnded: 0 }
        const sessionsEnded = await endSessions(tx.rows, operator.user_id, now)
        return { userId: operator.user_id, wasInvited, sessionsEnded }
      }),
  }
}
