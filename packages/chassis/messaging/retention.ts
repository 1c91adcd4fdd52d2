import { type RawBuilder, sql } from 'kysely'
import { createWorker, type Worker } from '../core/worker.ts'
import type { Log } from '../observability/log.ts'
import type { Database } from '../persistence/database.ts'

/** A table whose old rows are deleted. */
export type Pruning = {
  table: string
  /** Returns a query for the keys of rows that are no longer needed, at most `limit`. */
  old(before: Date, limit: number): RawBuilder<unknown>
  /** Name of the primary key, one column. */
  key: string
}

const messaging: readonly Pruning[] = [
  {
    table: 'inbox',
    key: 'event_id',
    old: (before, limit) =>
      sql`select event_id from inbox where processed_at < ${before} limit ${limit}`,
  },
  {
    table: 'dead_letters',
    key: 'id',
    old: (before, limit) =>
      sql`select id from dead_letters where coalesce(replayed_at, dismissed_at) < ${before} limit ${limit}`,
  },
]

const day = 86_400_000
const rowsPerRound = 5_000

export type RetentionOptions = {
  database: Database<unknown>
  log: Log
  /** Age in days at which rows are deleted. */
  retentionDays: number
  /** Tables of the service itself. */
  prunings?: readonly Pruning[]
  now?: () => number
  pollMs?: number
}

/**
 * Creates the worker that deletes inbox rows, and dead letters that an operator handled, by age; several instances may run
 * it. `pruned` counts the deleted rows in the same transaction, for `sidecart verify`.
 */
export function createRetentionWorker({
  database,
  log,
  retentionDays,
  prunings = [],
  now = Date.now,
  pollMs = 3_600_000,
}: RetentionOptions): Worker {
  async function round(): Promise<boolean> {
    const before = new Date(now() - retentionDays * day)
    let more = false
    for (const pruning of [...messaging, ...prunings]) {
      const count = await prune(database, pruning, before)
      if (count > 0) log.info({ table: pruning.table, count }, 'old rows deleted')
      more ||= count === rowsPerRound
    }
    return more
  }
  return createWorker({ name: 'retention', log, pollMs, work: round })
}

async function prune(
  { rows }: Database<unknown>,
  { table, key, old }: Pruning,
  before: Date,
): Promise<number> {
  const result = await sql<{ count: number }>`
    with gone as (
      delete from ${sql.table(table)} where ${sql.ref(key)} in (${old(before, rowsPerRound)}) returning 1
    ), counted as (
      insert into pruned (table_name, rows, until)
      select ${table}, count(*), ${before}::timestamptz from gone having count(*) > 0
      on conflict (table_name) do update
        set rows = pruned.rows + excluded.rows, until = greatest(pruned.until, excluded.until)
    )
    select count(*)::int as count from gone`.execute(rows)
  return result.rows[0]?.count ?? 0
}
