import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Database } from '@sidecart/chassis/persistence/database.ts'
import { awaitReset, linkVoid, mostResets } from '../domain.ts'
import type { PasswordResets } from '../ports.ts'
import { lockUser } from './lock.ts'
import type { Rows, UsersTables } from './tables.ts'
import { ownerOf, replacePassword, saveUser, toUser } from './users.ts'

export function createPasswordResets({
  rows,
  inTransaction,
}: Database<UsersTables>): PasswordResets {
  return {
    async request({ resetId, email, expiresAt }) {
      await rows
        .insertInto('password_resets')
        .values({ reset_id: resetId, email, user_id: null, hash: null, expires_at: expiresAt })
        .execute()
    },

    announceNext: (now) =>
      inTransaction(async (tx) => {
        const request = await tx.rows
          .selectFrom('password_resets')
          .select(['reset_id', 'email', 'expires_at'])
          .where('user_id', 'is', null)
          .orderBy('reset_id')
          .limit(1)
          .forUpdate()
          .skipLocked()
          .executeTakeFirst()
        if (!request) return false
        const isThis = { reset_id: request.reset_id }
        const owner = await ownerOf(tx.rows, request.email).forUpdate().executeTakeFirst()
        if (!owner || request.expires_at <= now || (await hasEnough(tx.rows, owner.user_id, now))) {
          await tx.rows
            .deleteFrom('password_resets')
            .where(({ and }) => and(isThis))
            .execute()
          return true
        }
        await tx.rows
          .updateTable('password_resets')
          .set({ user_id: owner.user_id })
          .where(({ and }) => and(isThis))
          .execute()
        await saveUser(tx, awaitReset(toUser(owner), request.reset_id))
        return true
      }),

    async issue(resetId, { hash, expiresAt }, now) {
      const { numUpdatedRows } = await rows
        .updateTable('password_resets')
        .from('users')
        .set({ hash, expires_at: expiresAt })
        .where('reset_id', '=', resetId)
        .where('expires_at', '>', now)
        .whereRef('users.user_id', '=', 'password_resets.user_id')
        .whereRef('users.email', '=', 'password_resets.email')
        .executeTakeFirst()
      if (numUpdatedRows === 0n) throw refused('not-found', 'Nobody waits for this any more.')
    },

    find: async (tokenHash, now) => {
      const row = await rows
        .selectFrom('password_resets')
        .innerJoin('users', 'users.user_id', 'password_resets.user_id')
        .select(['users.user_id', 'users.email'])
        .where('hash', '=', tokenHash)
        .where('expires_at', '>', now)
        .executeTakeFirstOrThrow(linkVoid)
      return { userId: row.user_id, email: row.email }
    },

    use: (tokenHash, passwordHash, now) =>
      inTransaction(async (tx) => {
        const { user_id } = await tx.rows
          .selectFrom('password_resets')
          .select('user_id')
          .where('hash', '=', tokenHash)
          .executeTakeFirstOrThrow(linkVoid)
        const { email } = await lockUser(tx.rows, user_id ?? '')
        await tx.rows
          .deleteFrom('password_resets')
          .where('hash', '=', tokenHash)
          .where('email', '=', email)
          .where('expires_at', '>', now)
          .returning('reset_id')
          .executeTakeFirstOrThrow(linkVoid)
        await replacePassword(tx, user_id ?? '', passwordHash, now)
      }),

    async forgetExpired(now) {
      await rows.deleteFrom('password_resets').where('expires_at', '<=', now).execute()
    },
  }
}

async function hasEnough(rows: Rows, userId: string, now: Date): Promise<boolean> {
  const { count } = await rows
    .selectFrom('password_resets')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return Number(count) >= mostResets
}
