import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { testWithRoot } from '@sidecart/testing/needs.ts'
import { until } from '@sidecart/testing/until.ts'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { alive, portHolder, spawnDetached, stopProcess } from '../process/spawn.ts'
import { unprivilegedUser } from '../process/unprivileged.ts'
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'

const password = `it's "quoted" & 100%/@:`

async function options(): Promise<PostgresOptions> {
  const folder = await temporaryFolder()
  await chmod(folder, 0o755)
  const [port = 0] = await freePorts(1)
  return {
    ...{ port, superuserPassword: password, env: {} },
    ...{ dataDir: join(folder, 'data'), logFile: join(folder, 'log') },
  }
}

async function started(given: PostgresOptions): Promise<Postgres> {
  const server = await startPostgres(given)
  onTestFinished(() => server.stop())
  return server
}

async function ask(connectionString: string, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

test('what was committed is there after a stop and a start', async () => {
  const given = await options()
  const first = await started(given)
  await ask(first.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer')
  await first.stop()
  expect(first.proc && alive(first.proc)).toBe(false)
  const second = await started(given)
  expect(await ask(second.connectionString, 'SELECT answer FROM kept')).toEqual([[42]])
})

test('what was committed is there after the server was killed', async () => {
  const given = await options()
  const first = await started(given)
  await ask(first.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer')
  process.kill(first.pid ?? 0, 'SIGKILL')
  // a signal is sent, not awaited: for some milliseconds the server still runs, and its data is in use
  await until('the server is gone', () => !first.proc || !alive(first.proc))
  const second = await started(given)
  expect(await ask(second.connectionString, 'SELECT answer FROM kept')).toEqual([[42]])
})

test('the server is durable, local, and asks for the password', async () => {
  const given = await options()
  const { connectionString, pid } = await started(given)
  const wanted = {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    listen_addresses: '127.0.0.1',
  }
  const more = {
    max_connections: '200',
    shared_buffers: '128MB',
    password_encryption: 'scram-sha-256',
    server_encoding: 'UTF8',
  }
  for (const [name, value] of Object.entries({ ...wanted, ...more }))
    expect(await ask(connectionString, `SHOW ${name}`), name).toEqual([[value]])
  expect(await portHolder(given.port)).toMatchObject({ pid })
  const stranger = `postgres://postgres:wrong@127.0.0.1:${given.port}/postgres`
  await expect(ask(stranger, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
  await ask(connectionString, 'CREATE EXTENSION pg_stat_statements')
  expect(await ask(connectionString, 'SELECT count(*) > 0 FROM pg_stat_statements')).toEqual([
    [true],
  ])
})

test('a test may trade durability for speed', async () => {
  const { connectionString } = await started({ ...(await options()), settings: { fsync: 'off' } })
  expect(await ask(connectionString, 'SHOW fsync')).toEqual([['off']])
  expect(await ask(connectionString, 'SHOW max_connections')).toEqual([['200']])
})

test('a data directory that is in use is reported, and its server goes on', async () => {
  const given = await options()
  const { connectionString, pid } = await started(given)
  const [port = 0] = await freePorts(1)
  await expect(startPostgres({ ...given, port })).rejects.toThrow(
    `is in use by PostgreSQL with pid ${pid}`,
  )
  expect(await ask(connectionString, 'SELECT 1')).toEqual([[1]])
})

test('a pid file whose pid is now another program does not stop the start', async () => {
  const given = await options()
  await (await started(given)).stop()
  const { logFile } = given
  const other = spawnDetached({
    name: 'other',
    command: 'sleep',
    args: ['600'],
    logFile,
    ...unprivilegedUser(() => {}),
  })
  onTestFinished(async () => void (await stopProcess(other)))
  await writeFile(join(given.dataDir, 'postmaster.pid'), `${other.pid}\n${given.dataDir}\n`)
  expect(await ask((await started(given)).connectionString, 'SELECT 1')).toEqual([[1]])
})

test('another password than the one it was made with is reported, and the server is stopped', async () => {
  const given = await options()
  await (await started(given)).stop()
  await expect(startPostgres({ ...given, superuserPassword: 'another' })).rejects.toThrow(
    `${given.dataDir} was made with another password`,
  )
  expect(await portHolder(given.port)).toBeUndefined()
})

test('a taken port is reported with who holds it', async () => {
  const given = await options()
  const { pid } = await started(given)
  const other = { ...given, dataDir: `${given.dataDir}2` }
  await expect(startPostgres(other)).rejects.toThrow(`port ${given.port} is held by pid ${pid}`)
})

test('data of another major version is not touched', async () => {
  const given = await options()
  await (await started(given)).stop()
  await writeFile(join(given.dataDir, 'PG_VERSION'), '13\n')
  await expect(startPostgres(given)).rejects.toThrow('was made by PostgreSQL 13, this is 18')
})

test('a configured server is used, and is not ours to stop', async () => {
  const own = await started(await options())
  const given = { ...(await options()), env: { SIDECART_POSTGRES_URL: own.connectionString } }
  const used = await startPostgres(given)
  expect(used).toEqual({ connectionString: own.connectionString, stop: expect.any(Function) })
  await used.stop()
  expect(await ask(own.connectionString, 'SELECT 1')).toEqual([[1]])
})

test('a configured server that does not answer is reported', async () => {
  const [port = 0] = await freePorts(1)
  const given = {
    ...(await options()),
    env: { SIDECART_POSTGRES_URL: `postgres://a:b@127.0.0.1:${port}/c` },
  }
  await expect(startPostgres(given)).rejects.toThrow(
    /SIDECART_POSTGRES_URL does not answer: .*ECONNREFUSED/,
  )
})

test.skipIf(process.getuid?.() !== 0)(
  'root keeps the data of a closed project where the server can reach it',
  async () => {
    const given = await options()
    const closed = join(given.dataDir, 'closed')
    await mkdir(closed, { recursive: true, mode: 0o700 })
    const lines: string[] = []
    const server = await started({
      ...given,
      dataDir: join(closed, 'project', 'postgres'),
      log: (line) => lines.push(line),
    })
    onTestFinished(() => rm(dirname(server.dataDir ?? ''), { recursive: true, force: true }))
    expect(server.dataDir).toMatch(/^\/var\/lib\/sidecart\/[0-9a-f]{10}\/postgres$/)
    expect(lines.join('\n')).toContain(`the data is kept in ${server.dataDir}`)
    expect(await ask(server.connectionString, 'SELECT 1')).toEqual([[1]])
  },
)

const asRoot = testWithRoot('PostgreSQL runs as another user, who cannot enter the folder')

asRoot(
  'a folder that was closed to others, deleted and made again gets data of its own',
  async () => {
    const given = await options()
    const closed = dirname(given.dataDir)
    await chmod(closed, 0o700)
    const first = await started(given)
    const outside = (await readFile(`${given.dataDir}.at`, 'utf8')).trim()
    onTestFinished(async () => {
      for (const path of [dirname(outside), `${dirname(outside)}-before`])
        await rm(path, { recursive: true, force: true })
    })
    await ask(first.connectionString, 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first.stop()
    const again = await started(given)
    expect(await ask(again.connectionString, 'SELECT answer FROM kept')).toEqual([[42]])
    await again.stop()

    await rm(closed, { recursive: true })
    await mkdir(closed, { mode: 0o700 })
    const fresh = await started({ ...given, superuserPassword: 'another' })
    expect(await ask(fresh.connectionString, 'SELECT 1')).toEqual([[1]])
    await expect(ask(fresh.connectionString, 'SELECT answer FROM kept')).rejects.toThrow('kept')
  },
)
