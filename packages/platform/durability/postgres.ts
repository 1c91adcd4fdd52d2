import pg from 'pg'

/** Settings of a session of the service's role, and tables that a crash would empty. */
export type PostgresSettings = Record<string, string> & { unlogged: string }

/** Settings required for a commit to survive a power cut, with their allowed values. */
const safe: Record<string, readonly string[]> = {
  fsync: ['on'],
  full_page_writes: ['on'],
  // each value waits for the local disk; `off` answers before the write
  synchronous_commit: ['on', 'local', 'remote_write', 'remote_apply'],
}

const unlogged = `
  select coalesce(string_agg(relname, ', '), '') as unlogged
  from pg_class where relpersistence = 'u' and relkind = 'r'`

/** Reads the settings in a new session of the connection string's role, to include settings of the role or database. */
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

/** Returns one line per setting weaker than a durable commit. */
export function postgresFaults({ unlogged, ...settings }: PostgresSettings): string[] {
  const weak = Object.entries(safe)
    .filter(([name, values]) => !values.includes(settings[name] ?? ''))
    .map(([name, [value]]) => `${name} is ${settings[name]}, not ${value}`)
  return unlogged ? [...weak, `unlogged tables are emptied by a crash: ${unlogged}`] : weak
}
