import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { expect, onTestFinished, test } from 'vitest'
import { send } from '../../../tests/security/sidecars.ts'
import { defineEvent, z } from '../contract/openapi.ts'
import { on } from '../messaging/consumer.ts'
import { mountConsumer } from '../messaging/consumer-routes.ts'
import { createLog } from '../observability/log.ts'
import { createApp } from './app.ts'

const log = createLog('tests', 'silent')
const fallen = defineEvent('trees-fallen-v1', z.object({ tree: z.string() }))
const token = { 'dapr-api-token': 'token' }
const invoked = { ...token, 'dapr-caller-app-id': 'gateway' }
const event = (tree: string) =>
  JSON.stringify({ id: tree, source: 'trees', type: fallen.topic, data: { tree } })

/** Starts a service on a port, reachable as by a sidecar. */
async function serving() {
  const received: string[] = []
  const app = createApp({ name: 'woods', log, appToken: 'token' })
  app.get('/products/:sku', (c) => c.json({ sku: c.req.param('sku') }))
  app.get('/internal/products', (c) => c.json({ secret: true }))
  mountConsumer(app, {
    name: 'woods',
    log,
    handlers: [on(fallen, async ({ tree }) => void received.push(tree))],
    inbox: {
      async once(_, work) {
        await work(undefined)
        return 'applied' as const
      },
    },
    deadLetters: {
      keep: async () => {},
      list: async () => [],
      find: async () => undefined,
      count: async () => ({ dead: 0, retrying: 0 }),
      markHandled: async () => {},
      claimDue: async () => undefined,
      forget: async () => {},
    },
  })
  const server = createServer(getRequestListener(app.fetch))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { received, port }
}

const escapes = ['%2e%2e', '%2E%2E', '.%2e', '%2e.', '..']

test.each(escapes)('a path that a URL would collapse at %s is refused', async (up) => {
  const { port, received } = await serving()
  const post = await send(
    port,
    'POST',
    `/products/${up}/events/trees-fallen-v1`,
    token,
    event('oak'),
  )
  expect(post.status).toBe(400)
  expect(received).toEqual([])
  expect((await send(port, 'GET', `/products/${up}/metrics`, token)).status).toBe(400)
  expect((await send(port, 'GET', `/products/${up}/internal/products`, token)).status).toBe(400)
})

test.each([
  '/%65vents/trees-fallen-v1',
  '/events%2ftrees-fallen-v1',
  '/events\\trees-fallen-v1',
  '/events/trees-fallen-v1#',
  'http://woods/events/trees-fallen-v1',
  '/products/%2541',
])('a path that is routed otherwise than it is written is refused: %s', async (path) => {
  const { port, received } = await serving()
  const answer = await send(port, 'POST', path, token, event('oak'))
  expect(answer.status).toBe(400)
  expect(received).toEqual([])
})

test('a path with characters that every URL encodes is served', async () => {
  const { port } = await serving()
  const answer = await send(port, 'GET', '/products/K%C3%A4se%20100g?q=%252e', token)
  expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { sku: 'Käse 100g' }])
})

test('an event is taken from the broker, and never from another app', async () => {
  const { port, received } = await serving()
  const deliver = (tree: string, headers: Record<string, string | string[]>) =>
    send(port, 'POST', '/events/trees-fallen-v1', headers, event(tree))
  expect((await deliver('oak', token)).status).toBe(200)
  for (const headers of [
    invoked,
    { ...token, 'dapr-caller-app-id': '' },
    { ...token, 'dapr-caller-app-id': ['', 'gateway'] },
    { ...token, 'dapr-callee-app-id': 'woods' },
    { ...token, 'dapr-caller-namespace': 'default' },
    { ...invoked, 'content-type': 'application/cloudevents+json', pubsubname: 'pubsub' },
  ])
    expect((await deliver('elm', headers)).status).toBe(403)
  expect(received).toEqual(['oak'])
  const deadLetter = await send(port, 'POST', '/events/woods-dead-letters-v1', invoked, '{}')
  expect(deadLetter.status).toBe(403)
})

test('probes and metrics answer this machine, and no other app', async () => {
  const { port } = await serving()
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    expect((await send(port, 'GET', path)).status, path).toBe(200)
    expect((await send(port, 'GET', path, invoked)).status, path).toBe(404)
  }
})
