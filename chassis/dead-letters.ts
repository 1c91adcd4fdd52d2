import type { Database } from './database.ts'
import type { CloudEvent } from './fact.ts'

/** A fact that this service could not handle, kept with its cause until an operator replays it. */
export type DeadLetter = {
  id: string
  topic: string
  event: CloudEvent
  cause: string
  attempts: number
  traceId?: string
  arrivedAt: string
  replayedAt?: string
}

export type NewDeadLetter = Omit<DeadLetter, 'arrivedAt' | 'replayedAt'>

export type DeadLetters = {
  /** Keeping the same letter twice keeps the newer cause. */
  keep(letter: NewDeadLetter): Promise<void>
  /** Newest first, at most `limit`. */
  list(limit: number): Promise<DeadLetter[]>
  find(id: string): Promise<DeadLetter | undefined>
  markReplayed(id: string): Promise<void>
}

/** Dead letters in the consumer's own database. */
export function createDeadLetters(database: Database<unknown>): DeadLetters {
  const { rows } = database
  return {
    async keep({ id, topic, event, cause, attempts, traceId }) {
      const values = {
        topic,
        event: JSON.stringify(event),
        cause,
        attempts,
        trace_id: traceId ?? null,
      }
      await rows
        .insertInto('dead_letters')
        .values({ id, ...values })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({ ...values, replayed_at: null }),
        )
        .execute()
    },
    async list(limit) {
      const found = await rows
        .selectFrom('dead_letters')
        .selectAll()
        .orderBy('arrived_at', 'desc')
        .limit(limit)
        .execute()
      return found.map(toDeadLetter)
    },
    async find(id) {
      const row = await rows
        .selectFrom('dead_letters')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toDeadLetter(row)
    },
    async markReplayed(id) {
      await rows
        .updateTable('dead_letters')
        .set({ replayed_at: new Date() })
        .where('id', '=', id)
        .execute()
    },
  }
}

type Row = {
  id: string
  topic: string
  event: unknown
  cause: string
  attempts: number
  trace_id: string | null
  arrived_at: Date
  replayed_at: Date | null
}

const toDeadLetter = (row: Row): DeadLetter => ({
  id: row.id,
  topic: row.topic,
  event: row.event as CloudEvent,
  cause: row.cause,
  attempts: row.attempts,
  ...(row.trace_id && { traceId: row.trace_id }),
  arrivedAt: row.arrived_at.toISOString(),
  ...(row.replayed_at && { replayedAt: row.replayed_at.toISOString() }),
})
