import { join } from 'node:path'
import type { Product } from '@sidecart/catalog/contract.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { createDaprSidecar } from '@sidecart/chassis/sidecar/dapr-sidecar.ts'
import { freePorts, temporaryFolder } from '@sidecart/platform/install/testing.ts'
import { redisProgram, startRedis } from '@sidecart/platform/servers/redis.ts'
import { testWith } from '@sidecart/testing/needs.ts'
import { startSidecar } from '@sidecart/testing/real-sidecar.ts'
import { until } from '@sidecart/testing/until.ts'
import { expect, onTestFinished } from 'vitest'
import { createProductCache, staleSeconds } from '../../services/catalog/cache.ts'

const test = await testWith(redisProgram)

const folder = join(import.meta.dirname, '../../components/cache-redis')

/**
 * A product with a price set by the test, read through the shop's cache component on a real server.
 */
async function shop() {
  const dir = await temporaryFolder()
  const [port = 0] = await freePorts(1)
  const login = { user: 'sidecart', password: 'secret' }
  const server = await startRedis({ ...login, dir, port, logFile: join(dir, 'log') })
  onTestFinished(async () => void (await server.stop()))
  const { httpPort, grpcPort } = await startSidecar('catalog', [folder], {
    'redis-host': `127.0.0.1:${port}`,
    'redis-username': login.user,
    'redis-password': login.password,
  })
  const sidecar = createDaprSidecar({ httpPort, grpcPort, apiToken: '' })
  onTestFinished(() => sidecar.close())
  await sidecar.ready(20_000)
  const place = { price: 100 }
  const entries = sidecar.store('cache')
  const log = createLog('catalog', 'silent')
  const cache = createProductCache({ cache: entries, log, patienceMs: 10_000 })
  const read = async (): Promise<Product> => ({
    ...mug,
    price: { ...mug.price, amount: place.price },
  })
  const seen = async () => (await cache.find('MUG', read))?.price.amount
  /** Waits for the cache entry: a reader does not wait for the write to the cache. */
  const kept = (price: number) =>
    until(`the cache has ${price}`, async () => {
      const entry = await entries.get('product-MUG')
      return (entry?.value as Product | undefined)?.price.amount === price
    })
  await seen()
  await kept(100)
  return { place, cache, seen, kept }
}

const mug: Product = {
  sku: 'MUG',
  name: 'Mug',
  description: 'A mug.',
  category: 'kitchen',
  price: { amount: 100, currency: 'EUR' },
  available: 7,
  inStock: true,
  discontinued: false,
  picture: '/products/MUG/picture.svg',
  version: 1,
}

test('a price that changed without an event is seen when the time is over, one with an event at once', async () => {
  const { place, cache, seen, kept } = await shop()
  place.price = 200
  const began = performance.now()
  expect(await seen()).toBe(100)
  await until('the new price is seen', async () => (await seen()) === 200, 15_000)
  // a late poll on a busy machine is not the cache's fault
  expect(performance.now() - began).toBeLessThan((staleSeconds + 3) * 1000)

  await kept(200)
  place.price = 300
  await cache.forget('MUG')
  expect(await seen()).toBe(300)
})
