import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { rounded } from './shop.ts'

/**
 * Reads completed orders from the database of `orders`, independently of the responses to clients.
 */
export async function openOrderCounts(connectionString: string) {
  const client = new pg.Client({ connectionString })
  await client.connect()

  /**
   * Returns the completions per second in the `forSeconds` seconds after `began`, with percentiles
   * of the time from placing to completion.
   */
  async function completedSince(began: Date, forSeconds: number) {
    const { rows } = await client.query<{ count: number; p50: number; p99: number }>(
      `select count(*)::int as count,
         percentile_disc(0.5) within group (order by ms) as p50,
         percentile_disc(0.99) within group (order by ms) as p99
       from (
         select extract(epoch from updated_at - placed_at)::float * 1000 as ms from orders
         where status = 'confirmed'
           and updated_at >= $1 and updated_at < $1::timestamptz + $2 * interval '1 second'
       ) as done`,
      [began, forSeconds],
    )
    const { count = 0, p50, p99 } = rows[0] ?? {}
    return {
      completedPerSecond: rounded(count / forSeconds),
      completeMs: { p50: Math.round(p50 ?? 0), p99: Math.round(p99 ?? 0) },
    }
  }

  /** Waits until no order is in progress. */
  async function quiet(): Promise<void> {
    const underWay = 'select from orders where next_attempt_at is not null limit 1'
    while ((await client.query(underWay)).rows.length > 0) await pause(100)
  }

  return { completedSince, quiet, close: () => client.end() }
}
