import type { Log } from '../../chassis/log.ts'
import type { StateStore } from '../../chassis/transport.ts'
import { within } from '../../chassis/within.ts'
import { Product } from './contract.ts'

/** How old a product that was read may be, whatever happens: stock changes without a fact. */
export const staleSeconds = 5
/** A cache that takes longer is of no use. */
const patienceMs = 100
/** How long a cache that failed is left alone. */
const offMs = 30_000

export type ProductCache = {
  find(sku: string, read: () => Promise<Product | undefined>): Promise<Product | undefined>
  /** What is known of a product is no longer true. */
  forget(sku: string): Promise<void>
}

type Options = { cache: StateStore; log: Log; now?: () => number }

/**
 * Products that somebody read in the last seconds. A shop without the cache, or whose cache is away, reads the store.
 * A reader that was overtaken by a change may put back what it read before: for `staleSeconds`, no longer.
 */
export function createProductCache({ cache, log, now = Date.now }: Options): ProductCache {
  let offUntil = 0

  async function asked<T>(doing: string, work: () => Promise<T>): Promise<T | undefined> {
    if (now() < offUntil) return undefined
    try {
      return await within(patienceMs, doing, work())
    } catch (err) {
      if (offUntil === 0) log.info({ err }, 'products are read without a cache')
      offUntil = now() + offMs
      return undefined
    }
  }

  async function find(
    sku: string,
    read: () => Promise<Product | undefined>,
  ): Promise<Product | undefined> {
    const known = await asked('reading the cache', () => cache.get(keyOf(sku)))
    if (known) return Product.parse(known.value)
    const product = await read()
    if (product)
      void asked('filling the cache', () =>
        cache.save(keyOf(sku), product, { ttlSeconds: staleSeconds }),
      )
    return product
  }

  const forget = async (sku: string) =>
    void (await asked('emptying the cache', () => cache.delete(keyOf(sku))))

  return { find, forget }
}

const keyOf = (sku: string) => `product-${sku}`
