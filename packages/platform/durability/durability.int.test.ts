import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstreamManager, StorageType } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { testWith } from '@sidecart/testing/needs.ts'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { ensurePart } from '../install/binaries.ts'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { output } from '../process/spawn.ts'
import { answers, startAndWait } from '../process/start-process.ts'
import { ensureStream } from '../servers/nats/streams.ts'
import { natsConfig } from '../servers/nats.ts'
import { redisProgram, startRedis } from '../servers/redis.ts'
import { jetStreamFaults, readJetStream } from './jetstream.ts'
import { postgresFaults, readPostgres } from './postgres.ts'
import { readRedis, redisFaults } from './redis.ts'

const withRedis = await testWith(redisProgram)

const durable = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', unlogged: '' }

describe('a database', () => {
  const name = `doctor_${process.pid}`
  const admin = inject('postgresUrl')
  const own = new URL(admin)
  Object.assign(own, { username: name, password: 'secret', pathname: `/${name}` })

  beforeAll(async () => {
    await run(admin, `CREATE ROLE ${name} LOGIN PASSWORD 'secret'`)
    await run(admin, `CREATE DATABASE ${name} OWNER ${name}`)
  })
  afterAll(async () => {
    await run(admin, `DROP DATABASE ${name}`)
    await run(admin, `DROP ROLE ${name}`)
  })

  it('is sound when each commit reaches the disk first', () => {
    expect(postgresFaults(durable)).toEqual([])
    expect(postgresFaults({ ...durable, synchronous_commit: 'local' })).toEqual([])
  })

  it('is at fault on a server that was made fast for tests, such as this one', async () => {
    expect(postgresFaults(await readPostgres(own.href))).toEqual([
      'fsync is off, not on',
      'full_page_writes is off, not on',
    ])
  })

  it.each([`ROLE ${name}`, `DATABASE ${name}`, `ROLE ${name} IN DATABASE ${name}`])(
    'is at fault when ALTER %s lets commits answer early',
    async (whom) => {
      await run(admin, `ALTER ${whom} SET synchronous_commit = off`)
      expect(postgresFaults(await readPostgres(own.href))).toContain(
        'synchronous_commit is off, not on',
      )
      await run(admin, `ALTER ${whom} RESET synchronous_commit`)
      expect((await readPostgres(own.href)).synchronous_commit).toBe('on')
    },
  )

  it('is at fault when a table is not logged', async () => {
    await run(own.href, 'CREATE UNLOGGED TABLE quick (sku text)')
    expect(postgresFaults(await readPostgres(own.href))).toContain(
      'unlogged tables are emptied by a crash: quick',
    )
  })
})

describe('a broker', () => {
  withRedis(
    'as it is started is sound; with a stream or a place kept in memory it is at fault',
    async () => {
      const { url, monitor, user, password } = await broker()
      await ensureStream({ url, user, password, name: 'events', subjects: ['orders-placed-v1'] })
      expect(jetStreamFaults(await readJetStream(monitor))).toEqual([])

      const connection = await connect({ servers: url, user, pass: password })
      onTestFinished(() => connection.close())
      const { streams, consumers } = await jetstreamManager(connection)
      await consumers.add('events', { durable_name: 'catalog', mem_storage: true })
      await streams.add({ name: 'quick', subjects: ['quick'], storage: StorageType.Memory })
      expect(jetStreamFaults(await readJetStream(monitor))).toEqual([
        'stream quick is kept in memory, not in files',
        'consumer catalog forgets its place when the server stops',
      ])
    },
  )

  it('is at fault when it acknowledges what is not on the disk', async () => {
    const { monitor } = await broker((config) => config.replace('sync_interval: always', ''))
    expect(jetStreamFaults(await readJetStream(monitor))).toContain(
      'sync_interval is not always: events are acknowledged before they are on the disk',
    )
  })
})

describe('Redis', () => {
  withRedis(
    'as it is started is sound, and at fault when it is told to sync once a second',
    async () => {
      const folder = await temporaryFolder()
      const [port = 0] = await freePorts(1)
      const login = { user: 'shop', password: 'secret' }
      const server = await startRedis({ ...login, dir: folder, port, logFile: join(folder, 'log') })
      onTestFinished(async () => void (await server.stop()))
      const file = join(folder, 'redis.conf')
      expect(redisFaults(await readRedis(port, file))).toEqual([])

      const [, password = ''] = /^requirepass (\S+)$/m.exec(await readFile(file, 'utf8')) ?? []
      const connection = ['-p', String(port), '-a', password, '--no-auth-warning']
      await output('redis-cli', [...connection, 'CONFIG', 'SET', 'appendfsync', 'everysec'], 10_000)
      expect(redisFaults(await readRedis(port, file))).toEqual([
        'appendfsync is everysec, not always',
      ])
    },
  )
})

async function run(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** A broker with the shop's configuration and one careless change. */
async function broker(change = (config: string) => config) {
  const folder = await temporaryFolder()
  const [port = 0, monitorPort = 0] = await freePorts(2)
  const [user, password, file] = ['shop', 'secret', join(folder, 'nats.conf')]
  await mkdir(join(folder, 'store'))
  const store = join(folder, 'store')
  await writeFile(
    file,
    change(natsConfig({ store, port, monitorPort, users: [{ user, password }] })),
  )
  const monitor = `http://127.0.0.1:${monitorPort}`
  const server = await startAndWait(
    {
      name: 'nats-server',
      command: (await ensurePart('nats-server')).path,
      args: ['--config', file],
      logFile: join(folder, 'log'),
    },
    { ports: [port, monitorPort], ready: () => answers(`${monitor}/healthz`) },
  )
  onTestFinished(async () => void (await server.stop()))
  return { url: `nats://127.0.0.1:${port}`, monitor, user, password }
}
