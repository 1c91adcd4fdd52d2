import { withTimeout } from '@sidecart/chassis/core/timeout.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import type { StateEntry, StateStore } from '@sidecart/chassis/sidecar/sidecar.ts'
import { Product } from './contract.ts'

/** Maximum age of a cached product in seconds: stock changes without an event. */
export const staleSeconds = 5
/** Milliseconds for deleting an entry; an entry not deleted in time expires soon anyway (`staleSeconds`). */
const forgetMs = 1_000
/** Milliseconds for which a failed cache is not used. */
const offMs = 30_000

export type ProductCache = {
  find(sku: string, read: () => Promise<Product | undefined>): Promise<Product | undefined>
  /** Deletes the cached product after a change. */
  forget(sku: string): Promise<void>
}

type Options = {
  cache: StateStore
  log: Log
  now?: () => number
  /** Milliseconds after which the cache counts as failed. */
  patienceMs?: number
}

/**
 * Cache of recently read products. Without a cache, or while the cache is unavailable, reads the store. A slow reader
 * may store an outdated product, for at most `staleSeconds`.
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
