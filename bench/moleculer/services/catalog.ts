import { refused } from '@sidecart/chassis/core/errors.ts'
import { type CatalogPorts, catalogHandlers } from '../../../services/catalog/app.ts'
import { catalogEvents } from '../../../services/catalog/contract.ts'
import { adjustStock } from '../../../services/catalog/domain.ts'
import { migrations } from '../../../services/catalog/migrations/index.ts'
import { seedProducts } from '../../../services/catalog/seed.ts'
import { type CatalogTables, createCatalogStore } from '../../../services/catalog/store.ts'
import { type MakeService, told } from '../node.ts'

const lines = {
  type: 'array',
  items: { type: 'object', props: { sku: 'string', quantity: 'number|integer|min:1' } },
}

const noCache: CatalogPorts['cache'] = { find: (_, read) => read(), forget: async () => {} }

const makeCatalog: MakeService = async ({ database, relay, hearInto }) => {
  const tables = await database<CatalogTables>(migrations)
  const store = createCatalogStore(tables)
  await store.products.seed(seedProducts)
  relay(tables, catalogEvents)
  await hearInto(tables, catalogHandlers({ store, cache: noCache } as CatalogPorts))

  async function find(sku: string) {
    const product = await store.products.find(sku)
    if (!product) throw refused('not-found', `There is no product ${sku}.`)
    return product
  }

  return {
    name: 'catalog',
    actions: {
      list: {
        params: { limit: 'number|integer|convert|min:1|max:100' },
        handler: (ctx) =>
          store.products.search({ text: '', sort: 'name', limit: ctx.params.limit }),
      },
      find: { params: { sku: 'string' }, handler: (ctx) => told(find(ctx.params.sku)) },
      stock: { params: { sku: 'string' }, handler: (ctx) => store.stock.report(ctx.params.sku) },
      adjustStock: {
        params: { sku: 'string', delta: 'number|integer', reason: 'string' },
        handler(ctx) {
          const { sku, ...adjustment } = ctx.params
          const decide: Parameters<typeof store.stock.adjust>[3] = (before, name) =>
            adjustStock(before, adjustment, name)
          return told(store.stock.adjust(sku, adjustment, undefined, decide))
        },
      },
      lookUp: {
        params: { skus: { type: 'array', items: 'string' } },
        handler: (ctx) => store.products.lookUp(ctx.params.skus),
      },
      reserve: {
        params: { orderId: 'uuid', lines },
        handler: (ctx) => told(store.reservations.reserve(ctx.params.orderId, ctx.params.lines)),
      },
      release: {
        params: { orderId: 'uuid' },
        handler: (ctx) => store.reservations.release(ctx.params.orderId),
      },
      returnGoods: {
        params: { orderId: 'uuid' },
        handler: (ctx) => told(store.reservations.returnGoods(ctx.params.orderId)),
      },
    },
  }
}
export default makeCatalog
