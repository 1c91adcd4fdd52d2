import type { ProblemKind } from '@sidecart/chassis/contract/problem.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { isKnown } from '@sidecart/chassis/http/etags.ts'
import { type Handler, on } from '@sidecart/chassis/messaging/consumer.ts'
import { mountConsumer } from '@sidecart/chassis/messaging/consumer-routes.ts'
import type { DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import type { Inbox } from '@sidecart/chassis/messaging/inbox.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import type { Tx } from '@sidecart/chassis/persistence/database.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import type { Context } from 'hono'
import { except } from 'hono/combine'
import type { ProductCache } from './cache.ts'
import { catalogEvents, catalogRoutes, type Product, type ProductQuery } from './contract.ts'
import { cursorFor, placeOf } from './cursor.ts'
import { adjustStock, changeProduct, present, type RefusalCode, sortOf } from './domain.ts'
import { draw, fingerprint } from './pictures.ts'
import type { Search } from './ports.ts'
import type { CatalogStore, CatalogTables } from './store.ts'

export type CatalogPorts = {
  store: CatalogStore
  cache: ProductCache
  inbox: Inbox<Tx<CatalogTables>>
  deadLetters: DeadLetters
  verify: Verifier
  log: Log
  appToken?: string
  ready?: () => Promise<void>
}

const problems = {
  'version-mismatch': { status: 412, title: 'The product has changed' },
  'stock-below-zero': { status: 409, title: 'There is not that much on hand' },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
  },
  'reservation-differs': { status: 409, title: 'The order has asked for something else before' },
  'not-reserved': { status: 409, title: 'The order holds no stock' },
  'invalid-cursor': { status: 422, title: 'The cursor does not belong to this list' },
} satisfies Record<RefusalCode, ProblemKind>

/** A browser asks each time; a proxy may answer all of its clients for a second. */
const shared = 'public, max-age=0, s-maxage=1, must-revalidate'

export const catalogHandlers = ({ store, cache }: CatalogPorts): Handler<Tx<CatalogTables>>[] => [
  on(catalogEvents.productChanged, ({ sku }) => cache.forget(sku)),
  on(orderEvents.confirmed, ({ orderId }, tx) => store.reservations.sellWithin(tx, orderId)),
  on(orderEvents.cancelled, ({ orderId }, tx) => store.reservations.releaseWithin(tx, orderId)),
]

export function createCatalogApp(ports: CatalogPorts): App {
  const { store, cache, verify, ...rest } = ports
  const { products, stock, reservations } = store
  const app = createApp({ name: 'catalog', problems, ...rest })
  const operator = signedIn(verify, 'operator')
  app.on('PATCH', '/products/:sku', operator)
  app.use('/products/:sku/stock', operator)
  const asksForSold = (c: Context) => c.req.query('discontinued') === undefined
  app.use('/products', except(asksForSold, operator))
  app.use('/catalog/dead-letters/*', operator)
  app.use('/catalog/orders/*', operator)

  app.openapi(catalogRoutes.list, async (c) => {
    const search = searchOf(c.req.valid('query'))
    const { items, total, categories, next } = await products.search(search)
    const nextCursor = next && cursorFor(search.sort, next)
    const facets = { category: categories }
    if (asksForSold(c)) c.header('cache-control', shared)
    return c.json({ items, total, ...(nextCursor && { nextCursor }), facets }, 200)
  })

  app.openapi(catalogRoutes.categories, async (c) =>
    c.json({ categories: await products.categories() }, 200, { 'cache-control': shared }),
  )

  app.openapi(catalogRoutes.find, async (c) => {
    const { sku } = c.req.valid('param')
    const product = found(await cache.find(sku, () => products.find(sku)), sku)
    const headers = { etag: etagOf(product), 'cache-control': shared }
    if (isKnown(c.req.valid('header')['if-none-match'], headers.etag))
      return c.body(null, 304, headers)
    return c.json(product, 200, headers)
  })

  app.openapi(catalogRoutes.picture, async (c) => {
    const { sku } = c.req.valid('param')
    const svg = draw(found(await products.lookOf(sku), sku))
    const etag = `"${fingerprint(svg)}"`
    const headers = {
      etag,
      'cache-control': 'public, max-age=86400',
      'content-type': 'image/svg+xml; charset=utf-8',
    }
    if (isKnown(c.req.header('if-none-match'), etag)) return c.body(null, 304, headers)
    return c.body(svg, 200, { ...headers, 'content-security-policy': "default-src 'none'" })
  })

  app.openapi(catalogRoutes.change, async (c) => {
    const { sku } = c.req.valid('param')
    const ifMatch = c.req.valid('header')['if-match']
    const change = c.req.valid('json')
    const changed = await products.change(sku, (product) => changeProduct(product, change, ifMatch))
    return c.json(changed, 200, { etag: etagOf(changed) })
  })

  app.openapi(catalogRoutes.adjustStock, async (c) => {
    const { sku } = c.req.valid('param')
    const adjustment = c.req.valid('json')
    const key = c.req.valid('header')['idempotency-key']
    const after = await stock.adjust(
      sku,
      adjustment,
      key,
      (before, name) => adjustStock(before, adjustment, name),
      c.get('identity').userId,
    )
    return c.json(after, 200)
  })

  app.openapi(catalogRoutes.stock, async (c) => {
    const { sku } = c.req.valid('param')
    return c.json(found(await stock.report(sku), sku), 200)
  })

  app.openapi(catalogRoutes.orderStock, async (c) =>
    c.json(await stock.ofOrder(c.req.valid('param').orderId), 200),
  )

  app.openapi(catalogRoutes.reserve, async (c) => {
    const { orderId } = c.req.valid('param')
    return c.json(await reservations.reserve(orderId, c.req.valid('json').lines), 200)
  })

  app.openapi(catalogRoutes.release, async (c) => {
    await reservations.release(c.req.valid('param').orderId)
    return c.json({ outcome: 'released' as const }, 200)
  })

  app.openapi(catalogRoutes.returnGoods, async (c) => {
    await reservations.returnGoods(c.req.valid('param').orderId)
    return c.json({ outcome: 'returned' as const }, 200)
  })

  app.openapi(catalogRoutes.lookUp, async (c) => {
    const skus = c.req.valid('query').skus.split(',')
    return c.json({ known: await products.lookUp(skus) }, 200)
  })

  mountConsumer(app, { name: 'catalog', handlers: catalogHandlers(ports), ...rest })
  return app
}

function found<T>(thing: T | undefined, sku: string): T {
  if (thing === undefined) throw refused('not-found', `There is no product ${sku}.`)
  return thing
}

function searchOf({
  q = '',
  sort,
  limit = 24,
  cursor,
  inStock,
  discontinued = 'false',
  ...filters
}: ProductQuery): Search {
  const order = sortOf(sort, q)
  return {
    text: q,
    sort: order,
    limit,
    ...(cursor && { after: placeOf(cursor, order) }),
    ...(inStock && { inStock: inStock === 'true' }),
    ...(discontinued !== 'any' && { discontinued: discontinued === 'true' }),
    ...present(filters),
  }
}

/** The shown product changes with the version and with the available stock. */
const etagOf = ({ version, available }: Product): string => `"${version}.${available}"`
