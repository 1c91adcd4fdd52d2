import pg from 'pg'

/** What a session of a service's own role runs under, and the tables that a crash would empty. */
export type PostgresSettings = Record<string, string> & { unlogged: string }

/** What a commit needs to outlive a power cut, and the values that give it. */
const safe: Record<string, readonly string[]> = {
  fsync: ['on'],
  full_page_writes: ['on'],
  // each of these waits for the local disk; `off` answers before
  synchronous_commit: ['on', 'local', 'remote_write', 'remote_apply'],
}

const unlogged = `
  select coalesce(string_agg(relname, ', '), '') as unlogged
  from pg_class where relpersistence = 'u' and relkind = 'r'`

/** Asks in a fresh session of the role that the connection string names, so that what was set for that role or database counts. */
export async function readPostgres(connectionString: string): Promise<PostgresSettings> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    const settings = { ...(await client.query(unlogged)).rows[0] } as PostgresSettings
    for (const name of Object.keys(safe))
      settings[name] = (await client.query(`SHOW ${name}`)).rows[0][name]
    return settings
  } finally {
    await client.end()
  }
}

/** What is weaker than a durable commit needs, one line each. */
export function postgresFaults({ unlogged, ...settings }: PostgresSettings): string[] {
  const weak = Object.entries(safe)
    .filter(([name, values]) => !values.includes(settings[name] ?? ''))
    .map(([name, [value]]) => `${name} is ${settings[name]}, not ${value}`)
  return unlogged ? [...weak, `unlogged tables are emptied by a crash: ${unlogged}`] : weak
}
