import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Rows, UserRow } from './tables.ts'

/** Changes of one user take turns here. */
export const lockUser = (rows: Rows, userId: string): Promise<UserRow> =>
  rows
    .selectFrom('users')
    .selectAll()
    .where('user_id', '=', userId)
    .forUpdate()
    .executeTakeFirstOrThrow(() => refused('unauthenticated', 'This account does not exist.'))
