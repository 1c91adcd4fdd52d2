import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startPostgres } from '@sidecart/platform/servers/postgres.ts'
import pg from 'pg'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the superuser of this run's PostgreSQL. */
    postgresUrl: string
  }
}

/** Names a server that runs of the `integration` project use instead of one of their own. */
export const serverVariable = 'SIDECART_TEST_POSTGRES_URL'

/** Vitest's global set-up of the `integration` project: one real PostgreSQL per run, deleted afterwards. */
export default async function startDatabase(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env[serverVariable]
  const { url, stop } = given ? { url: given, stop: async () => {} } : await startTestServer()
  project.provide('postgresUrl', url)
  return stop
}

/** Starts an empty PostgreSQL for tests. `stop` deletes the server. */
export async function startTestServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'sidecart-test-database-'))
  await chmod(dir, 0o755) // as root, the server runs as an unprivileged user
  const server = await startPostgres({
    dataDir: join(dir, 'data'),
    port: await freePort(),
    superuserPassword: randomBytes(12).toString('hex'),
    logFile: join(dir, 'log'),
    env: {},
    // Durability costs most of a test's time; the databases are deleted after the run.
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '300' },
  })
  return {
    url: server.connectionString,
    async stop() {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export type TestDatabase = { url: string; dispose: () => Promise<void> }

/**
 * Creates an empty database on this run's PostgreSQL.
 *
 *     const database = await testDatabase('orders')
 *     afterAll(database.dispose)
 */
export async function testDatabase(name: string): Promise<TestDatabase> {
  const admin = inject('postgresUrl')
  const database = `${name.replaceAll(/[^a-z0-9]/g, '_')}_${randomBytes(4).toString('hex')}`
  await withClient(admin, (client) => client.query(`CREATE DATABASE ${database}`))
  const url = new URL(admin)
  url.pathname = `/${database}`
  return {
    url: url.href,
    dispose: () =>
      withClient(admin, async (client) => {
        await untilUnused(client, database)
        await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
      }),
  }
}

/**
 * Waits up to a second for connections to end. A pool that has ended may still close some: cut off then, they emit an
 * error for which nothing listens.
 */
async function untilUnused(client: pg.Client, database: string): Promise<void> {
  const sql = 'select 1 from pg_stat_activity where datname = $1'
  for (let tries = 0; tries < 50; tries++) {
    const { rowCount } = await client.query(sql, [database])
    if (rowCount === 0) return
    await pause(20)
  }
}

async function withClient(
  connectionString: string,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
