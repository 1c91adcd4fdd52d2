import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Database } from '@sidecart/chassis/persistence/database.ts'
import { linkVoid } from '../domain.ts'
import type { Confirmations } from '../ports.ts'
import { lockUser } from './lock.ts'
import type { Rows, UsersTables } from './tables.ts'
import { saveUser, takenWhenNotUnique, toUser } from './users.ts'

export function createConfirmations({ rows, inTransaction }: Database<UsersTables>): Confirmations {
  return {
    issue: (confirmationId, tokenHash, expiresAt) =>
      inTransaction(async (tx) => {
        const user = await tx.rows
          .selectFrom('users')
          .select(['user_id', 'awaited_email'])
          .where('awaited_confirmation', '=', confirmationId)
          .forUpdate()
          .executeTakeFirstOrThrow(() => refused('not-found', 'Nobody waits for this any more.'))
        if (await hasOwner(tx.rows, user.awaited_email ?? '')) return 'taken'
        await tx.rows
          .insertInto('confirmation_tokens')
          .values({
            hash: tokenHash,
            user_id: user.user_id,
            confirmation_id: confirmationId,
            expires_at: expiresAt,
          })
          .execute()
        return 'issued'
      }),

    use: (tokenHash, now, decide) =>
      inTransaction(async (tx) => {
        const token = await tx.rows
          .selectFrom('confirmation_tokens')
          .selectAll()
          .where('hash', '=', tokenHash)
          .where('expires_at', '>', now)
          .executeTakeFirstOrThrow(linkVoid)
        const user = toUser(await lockUser(tx.rows, token.user_id))
        const change = decide(user, token.confirmation_id)
        await saveUser(tx, change)
        await tx.rows
          .deleteFrom('confirmation_tokens')
          .where('user_id', '=', token.user_id)
          .execute()
        return change.user
      }).catch(takenWhenNotUnique),

    async forgetExpired(now) {
      await rows.deleteFrom('confirmation_tokens').where('expires_at', '<=', now).execute()
    },
  }
}

const hasOwner = async (rows: Rows, email: string): Promise<boolean> =>
  (await rows
    .selectFrom('users')
    .select('user_id')
    .where('email', '=', email)
    .where('email_confirmed_at', 'is not', null)
    .executeTakeFirst()) !== undefined
