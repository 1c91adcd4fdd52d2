import type { Database } from '@sidecart/chassis/persistence/database.ts'
import { accessTokenSeconds } from '../credentials.ts'
import { mostSessions, present, refreshLimit, type Session } from '../domain.ts'
import type { Sessions, Successor } from '../ports.ts'
import { lockUser } from './lock.ts'
import type { Rows, SessionRow, UserRow, UsersTables } from './tables.ts'

/** An ended session is kept for this long, so that its tokens are known for what they were. */
const keptAfterEndMs = 24 * 3_600_000
/** By how much clocks of instances can differ, and how long an end can take to be committed. */
const clocksDifferMs = 30_000
/** Used tokens that a session keeps to recognize reuse. Older ones are refused as unknown ones are. */
const tokensKept = 500

export function createSessions({ rows, inTransaction }: Database<UsersTables>): Sessions {
  return {
    open: (session, tokenHash) =>
      inTransaction(async (tx) => {
        await lockUser(tx.rows, session.userId)
        await endLeastRecentlyUsed(tx.rows, session.userId, session.openedAt)
        await tx.rows.insertInto('sessions').values(fromSession(session)).execute()
        await addToken(tx.rows, session, { hash: tokenHash, salt: null })
      }),
    present: (tokenHash, next, now) =>
      inTransaction(async (tx) => {
        const row = await lockSession(tx.rows, tokenHash)
        if (!row) return { outcome: 'ended' }
        const recent = await rotationsSince(tx.rows, row, now.getTime() - refreshLimit.withinMs)
        const { outcome, session } = present(toSession(row), row.token_serial, now, recent)
        if (outcome === 'rotated') await rotate(tx.rows, session, next)
        if (outcome === 'rotated' || outcome === 'reused') await update(tx.rows, session)
        const salt = outcome === 'repeated' ? await saltOf(tx.rows, session) : next.salt
        return { outcome, session, ...(salt && { salt }) }
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
    async list(userId, now) {
      const found = await rows
        .selectFrom('sessions')
        .innerJoin('users', 'users.user_id', 'sessions.user_id')
        .selectAll('sessions')
        .select('users.role')
        .where('sessions.user_id', '=', userId)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now)
        .orderBy('rotated_at', 'desc')
        .orderBy('session_id', 'desc')
        .execute()
      return found.map(toSession)
    },
    endOwn: (userId, now, sessionId) => endSessions(rows, userId, now, { only: sessionId }),
    async endedSince(since, now) {
      const earliest = now.getTime() - accessTokenSeconds * 1000
      const from = Math.max(since?.getTime() ?? earliest, earliest) - clocksDifferMs
      const found = await rows
        .selectFrom('sessions')
        .select('session_id')
        .where('ended_at', '>', new Date(from))
        .execute()
      return found.map(({ session_id }) => session_id)
    },
    async forgetExpired(now) {
      await rows
        .deleteFrom('sessions')
        .where(({ eb, or }) =>
          or([
            eb('expires_at', '<', now),
            eb('ended_at', '<', new Date(now.getTime() - keptAfterEndMs)),
          ]),
        )
        .execute()
    },
  }
}

/** Two refreshes with tokens of one family take turns here. */
const lockSession = (rows: Rows, tokenHash: Buffer) =>
  rows
    .selectFrom('sessions')
    .innerJoin('refresh_tokens', 'refresh_tokens.session_id', 'sessions.session_id')
    .innerJoin('users', 'users.user_id', 'sessions.user_id')
    .selectAll('sessions')
    .select(['refresh_tokens.serial as token_serial', 'users.role'])
    .where('hash', '=', tokenHash)
    .forUpdate('sessions')
    .executeTakeFirst()

async function rotationsSince(rows: Rows, { session_id }: SessionRow, ms: number): Promise<number> {
  const { count } = await rows
    .selectFrom('refresh_tokens')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('session_id', '=', session_id)
    .where('serial', '>', 1)
    .where('issued_at', '>', new Date(ms))
    .executeTakeFirstOrThrow()
  return count
}

/** The token before `next` was used now: how it was made itself need not be known any longer. */
async function rotate(rows: Rows, session: Session, next: Successor): Promise<void> {
  await rows
    .updateTable('refresh_tokens')
    .set({ salt: null })
    .where('session_id', '=', session.sessionId)
    .where('salt', 'is not', null)
    .execute()
  await rows
    .deleteFrom('refresh_tokens')
    .where('session_id', '=', session.sessionId)
    .where('serial', '<=', session.serial - tokensKept)
    .execute()
  await addToken(rows, session, next)
}

const update = (rows: Rows, session: Session) =>
  rows
    .updateTable('sessions')
    .set(fromSession(session))
    .where('session_id', '=', session.sessionId)
    .execute()

async function saltOf(rows: Rows, { sessionId, serial }: Session): Promise<Buffer | null> {
  const { salt } = await rows
    .selectFrom('refresh_tokens')
    .select('salt')
    .where('session_id', '=', sessionId)
    .where('serial', '=', serial)
    .executeTakeFirstOrThrow()
  return salt
}

const endLeastRecentlyUsed = (rows: Rows, userId: string, now: Date) =>
  rows
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('session_id', 'in', (query) =>
      query
        .selectFrom('sessions')
        .select('session_id')
        .where('user_id', '=', userId)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', now)
        .orderBy('rotated_at', 'desc')
        .orderBy('session_id', 'desc')
        .offset(mostSessions - 1),
    )
    .execute()

/** Ends a user's open sessions, or one of them, or all but one. Returns how many there were. */
export async function endSessions(
  rows: Pick<Rows, 'updateTable'>,
  userId: string,
  now: Date,
  { only, except }: { only?: string | undefined; except?: string | undefined } = {},
): Promise<number> {
  const { numUpdatedRows } = await rows
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .$if(only !== undefined, (query) => query.where('session_id', '=', only ?? ''))
    .$if(except !== undefined, (query) => query.where('session_id', '!=', except ?? ''))
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

const addToken = (
  rows: Rows,
  { sessionId, serial, rotatedAt }: Session,
  { hash, salt }: { hash: Buffer; salt: Buffer | null },
) =>
  rows
    .insertInto('refresh_tokens')
    .values({ hash, session_id: sessionId, serial, salt, issued_at: rotatedAt })
    .execute()

const toSession = (row: SessionRow & Pick<UserRow, 'role'>): Session => ({
  sessionId: row.session_id,
  userId: row.user_id,
  role: row.role,
  serial: row.serial,
  openedAt: row.opened_at,
  rotatedAt: row.rotated_at,
  expiresAt: row.expires_at,
  ...(row.ended_at && { endedAt: row.ended_at }),
})

const fromSession = (session: Session): SessionRow => ({
  session_id: session.sessionId,
  user_id: session.userId,
  serial: session.serial,
  opened_at: session.openedAt,
  rotated_at: session.rotatedAt,
  expires_at: session.expiresAt,
  ended_at: session.endedAt ?? null,
})
