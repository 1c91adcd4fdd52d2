import { withTimeout } from '@sidecart/chassis/core/timeout.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import type { StateEntry, StateStore } from '@sidecart/chassis/sidecar/sidecar.ts'
import { Product } from './contract.ts'

/** How old a product that was read may be, whatever happens: stock changes without an event. */
export const staleSeconds = 5
/** What is not forgotten in this time is so a moment later, when it is too old. */
const forgetMs = 1_000
/** How long a cache that failed is left alone. */
const offMs = 30_000

export type ProductCache = {
  find(sku: string, read: () => Promise<Product | undefined>): Promise<Product | undefined>
  /** What is known of a product is no longer true. */
  forget(sku: string): Promise<void>
}

type Options = {
  cache: StateStore
  log: Log
  now?: () => number
  /** A cache that takes longer (milliseconds) to answer is of no use. */
  patienceMs?: number
}

/**
 * Products that somebody read in the last seconds. A shop without the cache, or whose cache is away, reads the store.
 * A reader that was overtaken by a change may put back what it read before: for `staleSeconds`, no longer.
 */
export function createProductCache({
  cache,
  log,
  now = Date.now,
  patienceMs = 100,
}: Options): ProductCache {
  let offUntil = 0
  const isOff = () => now() < offUntil

  async function find(
    sku: string,
    read: () => Promise<Product | undefined>,
  ): Promise<Product | undefined> {
    const known = isOff() ? undefined : await lookUp(sku)
    if (known) return Product.parse(known.value)
    const product = await read()
    if (product && !isOff()) void keep(product)
    return product
  }

  async function lookUp(sku: string): Promise<StateEntry | undefined> {
    try {
      return await withTimeout(patienceMs, 'reading the cache', cache.get(keyOf(sku)))
    } catch (err) {
      if (offUntil === 0) log.info({ err }, 'products are read without a cache')
      offUntil = now() + offMs
      return undefined
    }
  }

  const keep = (product: Product) =>
    cache.save(keyOf(product.sku), product, { ttlSeconds: staleSeconds }).catch(() => {})

  async function forget(sku: string): Promise<void> {
    if (!isOff())
      await withTimeout(forgetMs, 'emptying the cache', cache.delete(keyOf(sku))).catch(() => {})
  }

  return { find, forget }
}

const keyOf = (sku: string) => `product-${sku}`
