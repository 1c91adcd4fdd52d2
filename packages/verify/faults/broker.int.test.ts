import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { ensurePart } from '@sidecart/platform/install/binaries.ts'
import { freePorts, temporaryFolder } from '@sidecart/platform/install/testing.ts'
import { ensureStream } from '@sidecart/platform/servers/nats/streams.ts'
import { type NatsLogin, startNats } from '@sidecart/platform/servers/nats.ts'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { republishEvents } from './broker.ts'

let login: NatsLogin
let connection: NatsConnection

beforeEach(async () => {
  const folder = await temporaryFolder()
  const [port = 0, monitorPort = 0] = await freePorts(2)
  const secret = { user: 'shop', password: 'secret' }
  const { path } = await ensurePart('nats-server')
  const files = { dir: join(folder, 'nats'), logFile: join(folder, 'log') }
  const { url, stop } = await startNats({ path, ...files, ...secret, port, monitorPort })
  login = { url, ...secret }
  await ensureStream({ ...login, name: 'events', subjects: ['placed', 'shipped'] })
  connection = await connect({ servers: url, user: secret.user, pass: secret.password })
  return async () => {
    await connection.close()
    await stop()
  }
}, 1_200_000)

/** Publishes events and returns a time at least one millisecond later. */
async function publish(subject: string, ...events: string[]): Promise<Date> {
  for (const event of events) await jetstream(connection).publish(subject, event)
  await pause(2)
  return new Date()
}

/** Collects the messages published from now on, as a consumer receives them. */
function listen(): string[] {
  const received: string[] = []
  const consumer = connection.subscribe('*', {
    callback: (_, message) => void received.push(`${message.subject} ${message.string()}`),
  })
  onTestFinished(() => consumer.unsubscribe())
  return received
}

test('what was published since then is published again as it was, and nothing older', async () => {
  const since = await publish('placed', ...Array.from({ length: 50 }, (_, n) => `old ${n}`))
  await publish('placed', 'a', 'b')
  await publish('shipped', 'c')
  const received = listen()
  expect(await republishEvents(login, { since, count: 100 })).toBe(100)
  await connection.flush()
  expect(received).toHaveLength(100)
  expect(new Set(received)).toEqual(new Set(['placed a', 'placed b', 'shipped c']))
})

test('when nothing was published since then, nothing is published again, and no consumer is left', async () => {
  const since = await publish('placed', 'old')
  expect(await republishEvents(login, { since, count: 10 })).toBe(0)
  const { state } = await (await jetstreamManager(connection)).streams.info('events')
  expect(state).toMatchObject({ messages: 1, consumer_count: 0 })
})
