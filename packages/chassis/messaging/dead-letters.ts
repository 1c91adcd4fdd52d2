import { sql } from 'kysely'
import type { CloudEvent, DeadLetter } from '../contract/event.ts'
import type { Database } from '../persistence/database.ts'

export type NewDeadLetter = Pick<DeadLetter, 'id' | 'topic' | 'event' | 'cause' | 'attempts'> & {
  traceId?: string
  /** Milliseconds until the next automatic retry; missing: never. */
  againInMs?: number
}

export type DeadLetters = {
  /** Stores a letter; a second one with the same id replaces the cause. */
  keep(letter: NewDeadLetter): Promise<void>
  /** Newest first, at most `limit`; those that were replayed or dismissed only when they are asked for. */
  list(limit: number, handledToo?: boolean): Promise<DeadLetter[]>
  find(id: string): Promise<DeadLetter | undefined>
  /** Returns the number of letters that wait for an operator, and of those that wait for a retry. */
  count(): Promise<{ dead: number; retrying: number }>
  /** Records what an operator did, and which operator. The letter is not tried again by itself. */
  markHandled(id: string, how: 'replayed' | 'dismissed', by?: string): Promise<void>
  /** A letter whose next try is due, if there is one; nobody else is given it for `leaseMs`. */
  claimDue(leaseMs: number): Promise<DeadLetter | undefined>
  /** Deletes a letter after successful processing. */
  forget(id: string): Promise<void>
}

/** Dead letters in the consumer's own database. */
export function createDeadLetters(database: Database<unknown>): DeadLetters {
  const { rows } = database
  return {
    async keep({ id, topic, event, cause, attempts, traceId, againInMs }) {
      const values = {
        topic: storable(topic),
        event: JSON.stringify(event),
        cause: storable(cause),
        attempts,
        trace_id: traceId ? storable(traceId) : null,
        next_attempt_at: againInMs === undefined ? null : inMs(againInMs),
      }
      await rows
        .insertInto('dead_letters')
        .values({ id, ...values })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({
            ...values,
            replayed_at: null,
            dismissed_at: null,
            handled_by: null,
          }),
        )
        .execute()
    },
    async list(limit, handledToo = false) {
      const found = await rows
        .selectFrom('dead_letters')
        .selectAll()
        .$if(!handledToo, (query) =>
          query.where('replayed_at', 'is', null).where('dismissed_at', 'is', null),
        )
        .orderBy('arrived_at', 'desc')
        .limit(limit)
        .execute()
      return found.map(toDeadLetter)
    },
    async count() {
      const { dead, retrying } = await rows
        .selectFrom('dead_letters')
        .select([
          sql<number>`count(*) filter (where next_attempt_at is null)`.as('dead'),
          sql<number>`count(*) filter (where next_attempt_at is not null)`.as('retrying'),
        ])
        .where('replayed_at', 'is', null)
        .where('dismissed_at', 'is', null)
        .executeTakeFirstOrThrow()
      return { dead, retrying }
    },
    async find(id) {
      const row = await rows
        .selectFrom('dead_letters')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toDeadLetter(row)
    },
    async markHandled(id, how, by) {
      const at = new Date()
      await rows
        .updateTable('dead_letters')
        .set({
          ...(how === 'replayed' ? { replayed_at: at } : { dismissed_at: at }),
          handled_by: by ?? null,
          next_attempt_at: null,
        })
        .where('id', '=', id)
        .execute()
    },
    async claimDue(leaseMs) {
      const due = await rows
        .updateTable('dead_letters')
        .set({ next_attempt_at: inMs(leaseMs) })
        .where('id', '=', (letters) =>
          letters
            .selectFrom('dead_letters')
            .select('id')
            .where('next_attempt_at', '<=', sql<Date>`now()`)
            .orderBy('next_attempt_at')
            .limit(1)
            .forUpdate()
            .skipLocked(),
        )
        .returningAll()
        .executeTakeFirst()
      return due && toDeadLetter(due)
    },
    async forget(id) {
      await rows.deleteFrom('dead_letters').where('id', '=', id).execute()
    },
  }
}

/** Replaces NUL, because PostgreSQL text cannot contain NUL. */
const storable = (text: string): string => text.replaceAll('\0', '\ufffd')

const inMs = (ms: number) => sql<Date>`now() + ${ms} * interval '1 millisecond'`

type Row = {
  id: string
  topic: string
  event: unknown
  cause: string
  attempts: number
  trace_id: string | null
  arrived_at: Date
  next_attempt_at: Date | null
  replayed_at: Date | null
  dismissed_at: Date | null
  handled_by: string | null
}

const toDeadLetter = (row: Row): DeadLetter => ({
  id: row.id,
  topic: row.topic,
  event: row.event as CloudEvent,
  cause: row.cause,
  attempts: row.attempts,
  ...(row.trace_id && { traceId: row.trace_id }),
  arrivedAt: row.arrived_at.toISOString(),
  ...(row.next_attempt_at && { nextAttemptAt: row.next_attempt_at.toISOString() }),
  ...(row.replayed_at && { replayedAt: row.replayed_at.toISOString() }),
  ...(row.dismissed_at && { dismissedAt: row.dismissed_at.toISOString() }),
  ...(row.handled_by && { handledBy: row.handled_by }),
})
