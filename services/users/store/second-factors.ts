import type { Database, Tx } from '@sidecart/chassis/persistence/database.ts'
import { changeSecondFactor, refuse } from '../domain.ts'
import type { SecondFactors } from '../ports.ts'
import { lockUser } from './lock.ts'
import { endSessions } from './sessions.ts'
import type { UsersTables } from './tables.ts'
import { saveUser, toUser } from './users.ts'

export function createSecondFactors({ rows, inTransaction }: Database<UsersTables>): SecondFactors {
  const announce = async (tx: Tx<UsersTables>, userId: string, secondFactor: 'on' | 'off') =>
    saveUser(tx, changeSecondFactor(toUser(await lockUser(tx.rows, userId)), secondFactor))

  return {
    async find(userId) {
      const row = await rows
        .selectFrom('second_factors')
        .select(['sealed_secret', 'confirmed_at'])
        .select(({ selectFrom }) =>
          selectFrom('recovery_codes')
            .select(({ fn }) => fn.countAll<string>().as('count'))
            .whereRef('recovery_codes.user_id', '=', 'second_factors.user_id')
            .as('count'),
        )
        .where('user_id', '=', userId)
        .executeTakeFirst()
      if (!row) return undefined
      return {
        sealedSecret: row.sealed_secret,
        recoveryCodes: Number(row.count),
        ...(row.confirmed_at && { confirmedAt: row.confirmed_at }),
      }
    },

    async propose(userId, sealedSecret) {
      const { numInsertedOrUpdatedRows } = await rows
        .insertInto('second_factors')
        .values({ user_id: userId, sealed_secret: sealedSecret, confirmed_at: null })
        .onConflict((conflict) =>
          conflict
            .column('user_id')
            .doUpdateSet({ sealed_secret: sealedSecret })
            .where('second_factors.confirmed_at', 'is', null),
        )
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows === 0n) throw alreadyOn()
    },

    confirm: ({ userId, sessionId, sealedSecret, step, recoveryHashes, now }) =>
      inTransaction(async (tx) => {
        await announce(tx, userId, 'on')
        const { numUpdatedRows } = await tx.rows
          .updateTable('second_factors')
          .set({ confirmed_at: now, last_step: step })
          .where('user_id', '=', userId)
          .where('sealed_secret', '=', sealedSecret)
          .where('confirmed_at', 'is', null)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) throw alreadyOn()
        const codes = recoveryHashes.map((hash) => ({ user_id: userId, hash }))
        await tx.rows.insertInto('recovery_codes').values(codes).execute()
        await endSessions(tx.rows, userId, now, { except: sessionId })
      }),

    async useStep(userId, step) {
      const { numUpdatedRows } = await rows
        .updateTable('second_factors')
        .set({ last_step: step })
        .where('user_id', '=', userId)
        .where('confirmed_at', 'is not', null)
        .where('last_step', '<', step)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async useRecoveryCode(userId, hash) {
      const { numDeletedRows } = await rows
        .deleteFrom('recovery_codes')
        .where('user_id', '=', userId)
        .where('hash', '=', hash)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    remove: (userId) =>
      inTransaction(async (tx) => {
        await announce(tx, userId, 'off')
        await tx.rows.deleteFrom('second_factors').where('user_id', '=', userId).execute()
      }),
  }
}

const alreadyOn = () => refuse('second-factor-on', 'Turn the second factor off first.')
