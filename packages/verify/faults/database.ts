import { superuserOf } from '@sidecart/platform/config/databases.ts'
import type { Secrets } from '@sidecart/platform/config/secrets.ts'
import pg from 'pg'

/** Terminates every connection to a service's database. Returns their number. */
export async function terminateBackends(secrets: Secrets, database: string): Promise<number> {
  const client = await connected(secrets)
  try {
    const { rowCount } = await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
      [database],
    )
    return rowCount ?? 0
  } finally {
    await client.end()
  }
}

/** The tables written to most often. */
const hot: Record<string, string[]> = {
  users: ['users'],
  catalog: ['stock', 'reservations'],
  orders: ['orders'],
  payments: ['payments'],
  notifications: ['contacts', 'mails'],
  state: ['state'],
}

/** Locks a service's rows in an idle transaction. Returns a function ending the transaction. */
export async function lockRows(secrets: Secrets, database: string): Promise<() => Promise<void>> {
  const client = await connected(secrets, database)
  await client.query("begin; set local lock_timeout = '5s'")
  for (const table of hot[database] ?? []) await client.query(`select from ${table} for update`)
  return () => client.end()
}

async function connected(secrets: Secrets, database?: string): Promise<pg.Client> {
  const url = new URL(superuserOf(secrets))
  if (database) url.pathname = `/${database}`
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  await client.connect()
  return client
}
