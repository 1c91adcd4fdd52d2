import { superuserOf } from '@sidecart/platform/config/databases.ts'
import type { Secrets } from '@sidecart/platform/config/secrets.ts'
import pg from 'pg'

/** Ends every connection to a service's database. Returns how many there were. */
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

/** What a service writes to all the time. */
const hot: Record<string, string[]> = {
  users: ['users'],
  catalog: ['stock', 'reservations'],
  orders: ['orders'],
  payments: ['payments'],
  notifications: ['contacts', 'mails'],
  state: ['state'],
}

/** A transaction that has locked a service's rows and then does nothing. Returns how to end it. */
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
