import { createApp } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { createMemorySidecar } from '@sidecart/testing/memory-sidecar.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { createRequestCounts } from './clients.ts'
import { type CountEverywhere, createSharedLimit } from './shared-limit.ts'
import { gatewayTo } from './testing.ts'

const second = { endsInMs: 1_000 }

/** A count shared by gateways, as `users` keeps it, within one second of the clock. */
function sharedCount() {
  const totals = new Map<string, number>()
  const calls: [string, number][] = []
  const count: CountEverywhere = async (client, requests) => {
    calls.push([client, requests])
    const total = (totals.get(client) ?? 0) + requests
    totals.set(client, total)
    return { total, endsInMs: 700 }
  }
  return { count, calls }
}

/** Sends requests of one client to a gateway, all at once. Returns how many are admitted. */
async function admitted(
  gateway: ReturnType<typeof createSharedLimit>,
  requests: number,
  client = 'ada',
) {
  const waits = Array.from({ length: requests }, (_, n) =>
    gateway(client, { requests: n + 1, ...second }),
  )
  return (await Promise.all(waits)).filter((wait) => wait === undefined).length
}

describe('a limit at several gateways', () => {
  const now = () => 1_000
  const gatewaysOf = (number: number, countEverywhere: CountEverywhere, ratePerSecond = 100) =>
    Array.from({ length: number }, () => createSharedLimit({ ratePerSecond, countEverywhere, now }))

  test.each([1, 2, 3, 4])(
    'admits what one gateway would, and a tenth more for each further one: %s',
    async (number) => {
      const gateways = gatewaysOf(number, sharedCount().count)
      const all = await Promise.all(gateways.map((gateway) => admitted(gateway, 100)))
      const total = all.reduce((sum, one) => sum + one, 0)
      expect(total).toBe(100 + 10 * (number - 1))
    },
  )

  test('is the whole limit when all requests come to one of them', async () => {
    const [one] = gatewaysOf(2, sharedCount().count)
    expect(await admitted(one as never, 100)).toBe(100)
  })

  test('that no tenth divides is kept, too', async () => {
    for (const rate of [1, 3, 7, 15, 101]) {
      const gateways = gatewaysOf(2, sharedCount().count, rate)
      const all = await Promise.all(gateways.map((gateway) => admitted(gateway, rate)))
      const total = all.reduce((sum, one) => sum + one, 0)
      expect(total, `${rate}`).toBeLessThanOrEqual(rate + Math.ceil(rate / 10))
      expect(total, `${rate}`).toBeGreaterThanOrEqual(rate)
    }
  })

  test('is one of each client', async () => {
    const [one, another] = gatewaysOf(2, sharedCount().count)
    await admitted(one as never, 100, 'eve')
    expect(await admitted(another as never, 100, 'ada')).toBe(100)
  })

  test('says when there is room again', async () => {
    const [one, another] = gatewaysOf(2, sharedCount().count)
    await admitted(one as never, 100)
    await admitted(another as never, 10)
    expect(await another?.('ada', { requests: 11, ...second })).toBe(700)
  })
})

describe('the count that is shared', () => {
  test('is not asked for a client with a few requests, and seldom for one with many', async () => {
    const { count, calls } = sharedCount()
    const gateway = createSharedLimit({ ratePerSecond: 100, countEverywhere: count })
    await admitted(gateway, 10)
    expect(calls).toEqual([])
    await admitted(gateway, 100)
    expect(calls).toEqual(Array(9).fill(['ada', 10]))
  })

  test('is asked ten times a second by a flood, whatever its size', async () => {
    const { count, calls } = sharedCount()
    const countEverywhere = count
    const gateway = createSharedLimit({ ratePerSecond: 100, countEverywhere, now: () => 1_000 })
    await admitted(gateway, 5_000)
    expect(calls.length).toBe(10)
  })

  test('is asked 200 times a second, however many clients there are', async () => {
    const { count, calls } = sharedCount()
    const countEverywhere = count
    const gateway = createSharedLimit({ ratePerSecond: 10, countEverywhere, now: () => 1_000 })
    for (let n = 0; n < 300; n += 1) expect(await admitted(gateway, 2, `client ${n}`)).toBe(2)
    expect(calls.length).toBe(200)
  })

  test('stops nobody when it does not answer, and is asked again a second later', async () => {
    let time = 1_000
    let calls = 0
    const gateway = createSharedLimit({
      ratePerSecond: 100,
      now: () => time,
      countEverywhere: async () => {
        calls += 1
        throw new Error('away')
      },
    })
    expect(await admitted(gateway, 100)).toBe(100)
    expect(calls).toBe(1)
    time += 1_000
    await admitted(gateway, 100, 'bob')
    expect(calls).toBe(2)
  })
})

describe('two gateways', () => {
  let tokens: TestTokens
  beforeAll(async () => {
    tokens = await testTokens()
  })

  test('answer 429 for both together, for users and for networks', async () => {
    const log = createLog('gateway', 'silent')
    const catalog = createApp({ name: 'catalog', log })
    catalog.get('/products', (c) => c.json({}))
    const { count, calls } = sharedCount()
    const ports = { ratePerSecond: 20, countEverywhere: count }
    const gateways = [1, 2].map(() => gatewayTo({ catalog }, tokens, ports))
    const ada = '018f0000-0000-7000-8000-00000000000a'
    const env = { incoming: { socket: { remoteAddress: '203.0.113.1' } } }
    for (const headers of [{}, await tokens.bearer(ada)]) {
      const requests = Array.from({ length: 40 }, (_, n) =>
        gateways[n % 2]?.request('/products', { headers }, env),
      )
      const answers = await Promise.all(requests)
      expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(22)
      const refused = answers.find((answer) => answer?.status === 429)
      expect(refused?.headers.get('retry-after')).toBe('1')
    }
    const clients = new Set(calls.map(([client]) => client))
    expect([...clients]).toEqual(['network 203.0.113.1', `user ${ada}`])
  })
})

test('a gateway asks users for the count', async () => {
  const users = createApp({ name: 'users', log: createLog('users', 'silent') })
  users.post('/internal/requests', async (c) =>
    c.json({ total: (await c.req.json()).requests + 1, endsInMs: 5 }),
  )
  const sidecar = createMemorySidecar()
  sidecar.apps.set('users', users)
  expect(await createRequestCounts(sidecar)('user ada', 10)).toEqual({ total: 11, endsInMs: 5 })
  sidecar.apps.clear()
  await expect(createRequestCounts(sidecar)('user ada', 10)).rejects.toThrow('users')
})
