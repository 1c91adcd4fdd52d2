import { superuserOf } from '@sidecart/platform/config/databases.ts'
import { databases, type Secrets } from '@sidecart/platform/config/secrets.ts'
import pg from 'pg'

/** Counters of the whole database server since its start. */
export type DatabaseCounts = {
  /** Writing transactions; each commit waits for the disk. */
  commits: number
  statements: number
  walBytes: number
}

export type DatabaseMeter = {
  counts(): Promise<DatabaseCounts>
  /** Number of orders in progress plus unpublished events. */
  backlog(): Promise<number>
  /**
   * Confirmation time of each order in milliseconds since 1970, for orders placed since `sinceMs`.
   */
  confirmations(sinceMs: number): Promise<Map<string, number>>
  close(): Promise<void>
}

const publishers = ['users', 'catalog', 'orders', 'payments'] as const
const atRest = `'confirmed', 'shipped', 'delivered', 'cancelled', 'refunded', 'needs_attention'`

/** Opens separate connections for reading the benchmark's counters from the databases. */
export async function openDatabaseMeter(secrets: Secrets): Promise<DatabaseMeter> {
  const clients = new Map<string, pg.Client>()
  for (const name of ['postgres', ...databases]) {
    const url = new URL(superuserOf(secrets))
    url.pathname = `/${name}`
    const client = new pg.Client({ connectionString: url.href })
    client.on('error', () => {})
    await client.connect()
    clients.set(name, client)
  }
  await ask('postgres', 'create extension if not exists pg_stat_statements')

  async function ask<T>(database: string, sql: string, values: unknown[] = []): Promise<T[]> {
    const client = clients.get(database)
    if (!client) throw new Error(`there is no database ${database}`)
    return (await client.query(sql, values)).rows as T[]
  }

  const countIn = async (database: string, sql: string): Promise<number> =>
    Number((await ask<{ n: string }>(database, sql))[0]?.n)

  async function counts(): Promise<DatabaseCounts> {
    const [row] = await ask<Record<'commits' | 'wal' | 'statements', string>>(
      'postgres',
      `select pg_snapshot_xmax(pg_current_snapshot())::text as commits,
        pg_current_wal_insert_lsn() - '0/0'::pg_lsn as wal,
        (select sum(calls) from pg_stat_statements s join pg_roles r on r.oid = s.userid
          where r.rolname <> 'postgres') as statements`,
    )
    return {
      commits: Number(row?.commits),
      statements: Number(row?.statements),
      walBytes: Number(row?.wal),
    }
  }

  async function backlog(): Promise<number> {
    const open = countIn(
      'orders',
      `select count(*) as n from orders where status not in (${atRest})`,
    )
    const unpublished = publishers.map((name) => countIn(name, 'select count(*) as n from outbox'))
    return (await Promise.all([open, ...unpublished])).reduce((sum, n) => sum + n, 0)
  }

  async function confirmations(sinceMs: number): Promise<Map<string, number>> {
    const rows = await ask<{ id: string; at: number }>(
      'orders',
      `select order_id as id, extract(epoch from at)::float * 1000 as at from order_history
        where status = 'confirmed' and at >= to_timestamp($1)`,
      [sinceMs / 1000],
    )
    return new Map(rows.map(({ id, at }) => [id, at]))
  }

  async function close(): Promise<void> {
    await Promise.all([...clients.values()].map((client) => client.end()))
  }
  return { counts, backlog, confirmations, close }
}
