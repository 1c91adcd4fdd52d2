import { serve } from '@hono/node-server'
import { createApp } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { gatewayTo } from './testing.ts'

let tokens: TestTokens
beforeAll(async () => {
  tokens = await testTokens()
})

const user = (n: number) => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`

function gateway(ratePerSecond: number) {
  const log = createLog('gateway', 'silent')
  const catalog = createApp({ name: 'catalog', log })
  catalog.get('/products', (c) => c.json({ from: c.req.header('x-client-address') }))
  const app = gatewayTo({ catalog }, tokens, { ratePerSecond })
  return async (headers: Record<string, string> = {}, remoteAddress = '203.0.113.1') => {
    const env = { incoming: { socket: { remoteAddress } } }
    return app.request('/products', { headers }, env)
  }
}

const statuses = async (answers: Promise<Response>[]) =>
  (await Promise.all(answers)).map(({ status }) => status).toSorted((a, b) => a - b)

describe('requests', () => {
  test('of one network are limited together, whatever token they make up', async () => {
    const ask = gateway(3)
    const made = ['Bearer T1', 'Bearer T2', 'Basic x', 'Bearer a.b.c', 'Bearer', '']
    const bad = await statuses(made.map((authorization) => ask({ authorization })))
    expect(bad).toEqual([401, 401, 401, 429, 429, 429])
    const answer = await ask()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })

  test('with a good token count for its user, and for no other behind the same address', async () => {
    const ask = gateway(2)
    expect(await statuses([ask(), ask(), ask()])).toEqual([200, 200, 429])
    const one = await tokens.bearer(user(1))
    expect(await statuses([ask(one), ask(one), ask(one)])).toEqual([200, 200, 429])
    const another = await tokens.bearer(user(2))
    expect(await statuses([ask(another), ask(another)])).toEqual([200, 200])
  })

  test('of one user are limited together, with any number of tokens, from anywhere', async () => {
    const ask = gateway(2)
    const many = ['14m', '13m', '12m', '11m'].map(async (expiresIn, n) =>
      ask(await tokens.bearer(user(1), 'customer', expiresIn), `203.0.113.${n}`),
    )
    expect(await statuses(many)).toEqual([200, 200, 429, 429])
  })

  test('of one IPv6 network are limited together', async () => {
    const ask = gateway(2)
    const from = [1, 2, 3].map((n) => ask({}, `2001:db8::${n}`))
    expect(await statuses(from)).toEqual([200, 200, 429])
    expect((await ask({}, '2001:db8:0:1::1')).status).toBe(200)
  })

  test('cannot say where they come from', async () => {
    const ask = gateway(10)
    const claimed = { 'x-client-address': '198.51.100.1', 'x-forwarded-for': '198.51.100.1' }
    expect(await (await ask(claimed)).json()).toEqual({ from: '203.0.113.1' })
  })
})

test('the address is that of the connection', async () => {
  const app = gatewayTo({}, tokens, { ratePerSecond: 1 })
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const answers = [1, 2, 3].map((n) =>
    fetch(`http://127.0.0.1:${port}/products`, { headers: { authorization: `Bearer ${n}` } }),
  )
  expect(await statuses(answers)).toEqual([401, 429, 429])
})
