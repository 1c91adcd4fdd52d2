import type { Database } from '../../../chassis/database.ts'
import { present, type Session } from '../domain.ts'
import type { Sessions } from '../ports.ts'
import type { Rows, SessionRow, UsersTables } from './tables.ts'

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

const addToken = (rows: Rows, { sessionId, serial }: Session, hash: Buffer) =>
  rows.insertInto('refresh_tokens').values({ hash, session_id: sessionId, serial }).execute()

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
