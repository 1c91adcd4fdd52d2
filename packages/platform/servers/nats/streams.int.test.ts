import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { ensurePart } from '../../install/binaries.ts'
import { freePorts, temporaryFolder } from '../../install/testing.ts'
import { type NatsOptions, startNats } from '../nats.ts'
import { ensureStream } from './streams.ts'

const login = { user: 'shop', password: 'p"\\{$x}' }
let path = ''

beforeAll(async () => {
  path = (await ensurePart('nats-server')).path
}, 1_200_000)

async function options(): Promise<NatsOptions> {
  const folder = await temporaryFolder()
  const [port = 0, monitorPort = 0] = await freePorts(2)
  return {
    path,
    ...login,
    dir: join(folder, 'nats'),
    logFile: join(folder, 'log'),
    port,
    monitorPort,
  }
}

async function started(given: NatsOptions) {
  const server = await startNats(given)
  onTestFinished(async () => void (await server.stop()))
  return server
}

async function connected<T>(
  url: string,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({
    servers: url,
    user: login.user,
    pass: login.password,
    reconnect: false,
  })
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

function publish(url: string, subject: string, msgID: string) {
  return connected(url, async (connection) =>
    jetstream(connection).publish(subject, 'event', { msgID }),
  )
}

function streamInfo(url: string, name: string) {
  return connected(url, async (connection) =>
    (await jetstreamManager(connection)).streams.info(name),
  )
}

test('a message that was acknowledged is there after the server was killed', async () => {
  const given = await options()
  const first = await started(given)
  await ensureStream({ url: first.url, ...login, name: 'EVENTS', subjects: ['orders-placed-v1'] })
  expect((await publish(first.url, 'orders-placed-v1', 'a')).duplicate).toBe(false)
  process.kill(first.pid, 'SIGKILL')
  await first.stop()
  const second = await started(given)
  const { state, config } = await streamInfo(second.url, 'EVENTS')
  expect(state.messages).toBe(1)
  expect(config).toMatchObject({ storage: 'file', retention: 'limits' })
  expect({ days: config.max_age / 86_400e9, minutes: config.duplicate_window / 60e9 }).toEqual({
    days: 7,
    minutes: 2,
  })
})

test('the same message id twice is one message', async () => {
  const { url } = await started(await options())
  await ensureStream({ url, ...login, name: 'EVENTS', subjects: ['a'] })
  await publish(url, 'a', 'same')
  expect((await publish(url, 'a', 'same')).duplicate).toBe(true)
  expect((await streamInfo(url, 'EVENTS')).state.messages).toBe(1)
})

test('a stream gets further subjects and loses none, nor a message', async () => {
  const { url } = await started(await options())
  await ensureStream({ url, ...login, name: 'EVENTS', subjects: ['a', 'b'] })
  await publish(url, 'a', '1')
  await ensureStream({ url, ...login, name: 'EVENTS', subjects: ['b', 'c'] })
  const { state, config } = await streamInfo(url, 'EVENTS')
  expect(config.subjects).toEqual(['a', 'b', 'c'])
  expect(state.messages).toBe(1)
})

test('a stream that holds the subjects under another name is kept, with its messages', async () => {
  const { url } = await started(await options())
  await ensureStream({ url, ...login, name: 'BEFORE', subjects: ['a', 'b'] })
  await publish(url, 'a', '1')
  await ensureStream({ url, ...login, name: 'EVENTS', subjects: ['b', 'c'] })
  const { state, config } = await streamInfo(url, 'BEFORE')
  expect(config.subjects).toEqual(['a', 'b', 'c'])
  expect(state.messages).toBe(1)
})

test('nobody comes in without the password, and the file that holds it is private', async () => {
  const given = await options()
  const { url } = await started(given)
  expect(url).not.toContain(login.password)
  await expect(connect({ servers: url, reconnect: false })).rejects.toThrow(/authorization/i)
  await expect(
    ensureStream({ url, ...login, password: 'wrong', name: 'X', subjects: ['x'] }),
  ).rejects.toThrow(/authorization/i)
  expect(((await stat(join(given.dir, 'nats.conf'))).mode & 0o777).toString(8)).toBe('600')
})

test('a second server on the same port is refused with the name of the first', async () => {
  const given = await options()
  const { pid } = await started(given)
  await expect(startNats(given)).rejects.toThrow(`port ${given.port} is held by pid ${pid}`)
})

test('a server that cannot start is told with the end of its log', async () => {
  const given = { ...(await options()), path: '/bin/false' }
  await expect(startNats(given)).rejects.toThrow(
    /nats-server ended before it answered; .*log is empty/,
  )
})
