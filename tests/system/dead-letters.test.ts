// notifications: optional file
import { randomUUID } from 'node:crypto'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { portHolder } from '@sidecart/platform/process/spawn.ts'
import { until } from '@sidecart/testing/until.ts'
import pg from 'pg'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { operator, type Person, root, secrets } from './client.ts'
import { appConfigs, sidecart } from './shop.ts'

let ops: Person
/** Two ids never registered, without mails: no mail may be sent about invented orders. */
const quiet = uuid()
const stranger = uuid()

beforeAll(async () => {
  ops = await operator()
  await register(quiet)
})

/** Removes the traces of invented orders, so that the invariants hold. */
afterAll(async () => {
  const orders = await rowsOf('orders', 'select id::text from orders')
  const real = orders.map(({ id }) => id)
  await rowsOf(
    'notifications',
    'delete from mails where order_id is not null and not order_id::text = any($1)',
    [real],
  )
  for (const service of ['notifications', 'catalog']) {
    await rowsOf(service, 'delete from inbox where event_id = any($1)', [published])
  }
})

const published: string[] = []

async function rowsOf(
  service: string,
  sql: string,
  values: unknown[] = [],
): Promise<{ id?: string }[]> {
  const client = new pg.Client({ connectionString: secrets()[`${service}-database`] })
  await client.connect()
  try {
    return (await client.query(sql, values)).rows
  } finally {
    await client.end()
  }
}

type Letter = { service: string; id: string; topic: string; cause: string; attempts: number }

const deadLetters = async (...args: string[]) =>
  JSON.parse(
    await sidecart('dead-letters', ...args, '--json').catch(
      (error: { stdout: string }) => error.stdout,
    ),
  )
const listed = async (id: string): Promise<Letter & { nextAttemptAt?: string }> => {
  const found = await until(`${id} is a dead letter`, async () => {
    const { deadLetters: all } = (await deadLetters('list')) as { deadLetters: Letter[] }
    return all.find((letter) => letter.id === id)
  })
  return found
}

/** Publishes an event through the sidecar of a service permitted to publish the topic. */
async function publish(by: string, topic: string, data: unknown): Promise<string> {
  const id = randomUUID()
  published.push(id)
  const event = { id, source: by, type: topic, specversion: '1.0', data }
  await publishBytes(by, topic, JSON.stringify(event), 'application/cloudevents+json')
  return id
}

async function publishBytes(by: string, topic: string, body: string, type: string, query = '') {
  const port = appConfigs.find(({ appID }) => appID === by)?.daprHTTPPort
  const answer = await fetch(`http://127.0.0.1:${port}/v1.0/publish/pubsub/${topic}${query}`, {
    method: 'POST',
    headers: {
      'dapr-api-token': ensureAppTokens(projectAt(root), by).DAPR_API_TOKEN,
      'content-type': type,
    },
    body,
  })
  expect(answer.status).toBe(204)
}

const placed = (customerId: string, orderId = uuid()) => ({
  orderId,
  customerId,
  version: 1,
  lines: [{ sku: 'MUG-ENAMEL-BLUE', quantity: 1 }],
})
const newsOf = async (orderId: string): Promise<unknown[]> =>
  (await ops.ask('GET', `/notifications?orderId=${orderId}`)).body.notifications as unknown[]

/** Publishes the registration of a customer without mails, and waits for the delivery. */
async function register(userId: string): Promise<void> {
  const email = `${userId}@example.com`
  const preferences = { orderUpdates: false, paymentUpdates: false, marketing: false }
  await publish('users', 'users-registered-v1', {
    userId,
    email,
    name: 'Quiet',
    preferences,
    version: 1,
  })
  await until('the customer is known', async () =>
    JSON.stringify(await ops.ask('GET', '/notifications?kind=welcome')).includes(userId),
  )
}

it('a malformed event is listed with the field at fault, and shown as it came', async () => {
  const id = await publish('orders', 'orders-shipped-v1', { orderId: 7 })
  expect(await listed(id)).toMatchObject({
    service: 'notifications',
    topic: 'orders-shipped-v1',
    cause: expect.stringMatching(/^malformed-event: data: orderId/),
    attempts: 1,
  })
  expect(await deadLetters('show', id)).toMatchObject({ event: { id, data: { orderId: 7 } } })
  expect(await deadLetters('replay', id)).toMatchObject({ outcomes: [{ outcome: 'failed' }] })
})

it('what is no event at all is listed too, instead of coming back for ever', async () => {
  await publishBytes(
    'orders',
    'orders-shipped-v1',
    'no JSON',
    'text/plain',
    '?metadata.rawPayload=true',
  )
  await until('it is a dead letter', async () => {
    const { deadLetters: all } = (await deadLetters('list', 'notifications')) as {
      deadLetters: Letter[]
    }
    return all.some(({ topic, cause }) => topic === 'unknown' && /no CloudEvent/.test(cause))
  })
})

const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
it.each([
  ['traceid', 7],
  ['traceid', { a: 1 }],
  ['traceparent', 7],
  ['traceparent', [trace]],
  ['tracestate', 7],
  ['traceid', true],
  ['source', 7],
  ['specversion', 1],
  ['datacontenttype', 7],
])('an event whose %s is %j ends no sidecar', async (field, value) => {
  const before = await sidecarPids()
  const id = randomUUID()
  published.push(id)
  const event = { id, source: 'orders', type: 'orders-shipped-v1', specversion: '1.0', data: {} }
  const body = JSON.stringify({ ...event, [field]: value })
  await publishBytes('orders', event.type, body, 'text/plain', '?metadata.rawPayload=true')
  const behind = await publish('orders', event.type, { orderId: 7 })
  expect(await listed(behind)).toMatchObject({ service: 'notifications' })
  expect(await sidecarPids()).toEqual(before)
})

const sidecarPids = () =>
  Promise.all(
    appConfigs.map(async ({ daprHTTPPort }) => (await portHolder(daprHTTPPort))?.pid ?? 'gone'),
  )

it('an event that its consumers refuses is listed with the refusal', async () => {
  const { orderId, customerId } = placed(quiet)
  const nothing = { amount: 0, currency: 'EUR' }
  const data = { orderId, customerId, version: 4, lines: [], total: nothing }
  const id = await publish('orders', 'orders-confirmed-v1', data)
  const letter = await listed(id)
  expect(letter).toMatchObject({
    service: 'catalog',
    cause: expect.stringMatching(/^not-reserved/),
  })
  expect(letter.nextAttemptAt).toBeUndefined()
})

it('an event that always fails does not hold up those behind it, and is handled once it can be', async () => {
  const orderId = uuid()
  const id = await publish('orders', 'orders-placed-v1', placed(stranger, orderId))
  const good = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const event = placed(quiet)
      await publish('orders', 'orders-placed-v1', event)
      return event.orderId
    }),
  )
  for (const one of good)
    await until('a good event is received', async () => (await newsOf(one)).length === 1)
  expect(await listed(id)).toMatchObject({
    cause: expect.stringContaining('has not been heard of yet'),
    nextAttemptAt: expect.any(String),
  })

  await register(stranger)
  // a retry may have processed the event meanwhile
  await sidecart('dead-letters', 'replay', id).catch(() => {})
  expect(await newsOf(orderId)).toMatchObject([{ kind: 'placed', status: 'suppressed' }])
})

it('an operator throws away what nobody can handle', async () => {
  await sidecart('dead-letters', 'dismiss', '--all')
  expect(await deadLetters('list')).toEqual({ deadLetters: [] })
})
