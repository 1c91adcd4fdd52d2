import { refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn } from '@sidecart/chassis/http/authentication.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import type { OrderView } from '@sidecart/orders/contract.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gatewayTo } from './testing.ts'

const ada = '018f0000-0000-7000-8000-00000000000a'
const orderId = '018f0000-0000-7000-8000-000000000001'
const path = `/orders/${orderId}/events`
let tokens: TestTokens
/** Successive views of the order, one per read. */
let lives: OrderView[]

beforeAll(async () => {
  tokens = await testTokens()
})

const order = (version: number, status: OrderView['status']): OrderView => ({
  orderId,
  customerId: ada,
  status,
  version,
  lines: [],
  shipTo: { name: 'Ada', street: 'One 1', postalCode: '1', city: 'Berlin', country: 'DE' },
  placedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
})

beforeEach(() => {
  lives = []
})

function orders(): App {
  const app = createApp({ name: 'orders', log: createLog('orders', 'silent') })
  app.use('/orders/*', signedIn(tokens.verify))
  app.get('/orders/:orderId', (c) => {
    const now = lives.shift()
    if (!now) throw refused('not-found', 'There is no such order.')
    return c.json(now)
  })
  return app
}

const gatewayWith = (ports: Parameters<typeof gatewayTo>[2] = {}): App =>
  gatewayTo({ orders: orders() }, tokens, ports)
const listen = async (gateway: App) => gateway.request(path, { headers: await tokens.bearer(ada) })

const eventsIn = (text: string): unknown[] =>
  [...text.matchAll(/^event: order\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''))

describe('anyone who follows an order', () => {
  it('hears of every change, once, until the last', async () => {
    lives = [order(1, 'placed'), order(2, 'reserved'), order(2, 'reserved'), order(5, 'cancelled')]
    const answer = await listen(gatewayWith())
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(answer.headers.get('x-accel-buffering')).toBe('no')
    expect(eventsIn(await answer.text())).toMatchObject([
      { version: 1, status: 'placed' },
      { version: 2, status: 'reserved' },
      { version: 5, status: 'cancelled' },
    ])
  })

  it('sees the stream end when the order can no longer be had', async () => {
    lives = [order(1, 'placed')]
    expect(eventsIn(await (await listen(gatewayWith())).text())).toHaveLength(1)
  })

  it('has to be signed in, and sees only an order that there is for them', async () => {
    expect((await gatewayWith().request(path)).status).toBe(401)
    const answer = await listen(gatewayWith())
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'not-found' })
  })

  it('is sent away when too many do', async () => {
    lives = [order(1, 'confirmed'), order(1, 'confirmed')]
    const stop = new AbortController()
    const gateway = gatewayWith({ maxInFlight: 1, stopping: stop.signal })
    const first = await listen(gateway)
    const second = await listen(gateway)
    expect(second.status).toBe(503)
    expect(second.headers.get('retry-after')).toBe('5')
    stop.abort()
    await first.text()
  })

  it('follows a dozen orders at once, and keeps nobody else from following theirs', async () => {
    lives = Array.from({ length: 14 }, () => order(1, 'confirmed'))
    const stop = new AbortController()
    const gateway = gatewayWith({ stopping: stop.signal })
    const own = []
    for (let n = 0; n < 12; n += 1) own.push(await listen(gateway))
    expect(own.map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect((await listen(gateway)).status).toBe(429)
    const bob = await tokens.bearer('018f0000-0000-7000-8000-00000000000b')
    const other = await gateway.request(path, { headers: bob })
    expect(other.status).toBe(200)
    stop.abort()
    await Promise.all([...own, other].map((answer) => answer.text()))
    lives = [order(1, 'cancelled')]
    expect((await listen(gateway)).status).toBe(200)
  })

  it('is let go when the gateway stops', async () => {
    lives = [order(1, 'confirmed')]
    const stop = new AbortController()
    const answer = await listen(gatewayWith({ stopping: stop.signal }))
    stop.abort()
    expect(eventsIn(await answer.text())).toHaveLength(1)
  })
})
