import { createLog } from '@sidecart/chassis/observability/log.ts'
import type { StateStore } from '@sidecart/chassis/sidecar/sidecar.ts'
import { createMemorySidecar } from '@sidecart/testing/memory-sidecar.ts'
import { expect, test } from 'vitest'
import { createProductCache, staleSeconds } from './cache.ts'
import type { Product } from './contract.ts'

const mug = (price: number): Product => ({
  sku: 'MUG',
  name: 'Mug',
  description: 'A mug.',
  category: 'kitchen',
  price: { amount: price, currency: 'EUR' },
  available: 7,
  inStock: true,
  discontinued: false,
  picture: '/products/MUG/picture.svg',
  version: 1,
})

/** Creates a catalog cache with the clock and the mug's price set by the test. */
function shop(cacheOf = (store: StateStore) => store) {
  const place = { now: 0, price: 100, reads: 0 }
  const sidecar = createMemorySidecar({ now: () => place.now })
  const cache = createProductCache({
    cache: cacheOf(sidecar.store('cache')),
    log: createLog('catalog', 'silent'),
    now: () => place.now,
  })
  const read = async () => {
    place.reads += 1
    return mug(place.price)
  }
  return { place, cache, seen: async () => (await cache.find('MUG', read))?.price.amount }
}

test('what was read a moment ago is not read again', async () => {
  const { place, seen } = shop()
  expect([await seen(), await seen()]).toEqual([100, 100])
  expect(place.reads).toBe(1)
})

test('what has changed is read again once the event is received', async () => {
  const { place, cache, seen } = shop()
  await seen()
  place.price = 200
  await cache.forget('MUG')
  expect(await seen()).toBe(200)
})

test('what changed without an event is seen after five seconds at most', async () => {
  const { place, seen } = shop()
  await seen()
  place.price = 200
  place.now = staleSeconds * 1000 - 1
  expect(await seen()).toBe(100)
  place.now = staleSeconds * 1000
  expect(await seen()).toBe(200)
})

test('a shop without the cache reads its store, and asks for the cache only now and then', async () => {
  let asked = 0
  const missing: StateStore = {
    get: async () => {
      asked += 1
      throw new Error('state store cache is not found')
    },
    save: () => Promise.reject(new Error('not found')),
    delete: () => Promise.reject(new Error('not found')),
  }
  const { place, cache, seen } = shop(() => missing)
  for (const price of [100, 200, 300]) {
    place.price = price
    await cache.forget('MUG')
    expect(await seen()).toBe(price)
  }
  expect(asked).toBe(1)
})

test('a cache that hangs delays nobody for long', async () => {
  const never = () => new Promise<never>(() => {})
  const { place, seen } = shop(() => ({ get: never, save: never, delete: never }))
  expect([await seen(), await seen(), await seen()]).toEqual([100, 100, 100])
  expect(place.reads).toBe(3)
})
