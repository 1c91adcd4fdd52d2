import { createHash } from 'node:crypto'
import type { Money } from '@sidecart/chassis/contract/money.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import { v7 as uuid } from 'uuid'
import { type OrdersPorts, ordersHandlers } from '../../../services/orders/app.ts'
import { orderEvents } from '../../../services/orders/contract.ts'
import { place } from '../../../services/orders/domain.ts'
import { migrations } from '../../../services/orders/migrations/index.ts'
import type { CatalogClient, PaymentsClient } from '../../../services/orders/ports.ts'
import { createSagaRunner } from '../../../services/orders/saga.ts'
import { createOrderStore, type OrdersTables } from '../../../services/orders/store.ts'
import { type MakeService, type Node, told } from '../node.ts'

const deadlineMs = 600_000
const stepTimeout = { timeout: 5_000 }
const text = 'string|trim|min:1|max:200'

const params = {
  lines: {
    type: 'array',
    min: 1,
    max: 50,
    items: { type: 'object', strict: true, props: { sku: text, quantity: 'number|integer|min:1' } },
  },
  shipTo: {
    type: 'object',
    strict: true,
    props: { name: text, street: text, postalCode: text, city: text, country: 'string|length:2' },
  },
  card: text,
  cartId: 'string|optional',
}

const makeOrders: MakeService = async (node) => {
  const { database, relay, hearInto, log } = node
  const tables = await database<OrdersTables>(migrations)
  const store = createOrderStore(tables)
  const catalog = catalogOf(node)
  const driver = createSagaRunner({ store, catalog, payments: paymentsOf(node), log })
  relay(tables, orderEvents)
  driver.start()
  await hearInto(tables, ordersHandlers({ store } as OrdersPorts))

  async function accept(userId: string, key: string, request: Parameters<typeof place>[2]) {
    const [unknown] = await catalog.unknown(request.lines.map(({ sku }) => sku))
    if (unknown) throw refused('unknown-sku', `There is no product ${unknown}.`)
    const now = new Date()
    const change = place(uuid(), userId, request, now, new Date(now.getTime() + deadlineMs))
    const requestHash = createHash('sha256').update(JSON.stringify(request)).digest('hex')
    const leaseMs = driver.leaseForNewOrder()
    const { order, isNew } = await store.place(change, { key, requestHash }, leaseMs)
    if (isNew && leaseMs > 0) driver.drive(order)
    return { orderId: order.id, status: 'placed', placedAt: order.placedAt.toISOString() }
  }

  return {
    name: 'orders',
    actions: {
      place: {
        params,
        async handler(ctx) {
          const { user, idempotencyKey } = ctx.meta
          const { lines, shipTo, card, cartId } = ctx.params
          const request = { lines, shipTo, card, ...(cartId && { cartId }) }
          const accepted = await told(accept(user.userId, idempotencyKey, request))
          ctx.meta.$statusCode = 202
          ctx.meta.$responseHeaders = { location: `/orders/${accepted.orderId}` }
          return accepted
        },
      },
      find: {
        params: { orderId: 'uuid' },
        handler: (ctx) => store.find(ctx.params.orderId, ctx.meta.user),
      },
    },
  }
}
export default makeOrders

type Known = { sku: string; name: string; price: Money }

function catalogOf({ call }: Node): CatalogClient {
  const known = new Set<string>()
  return {
    async unknown(skus) {
      const unseen = skus.filter((sku) => !known.has(sku))
      if (unseen.length === 0) return []
      for (const { sku } of await call<{ sku: string }[]>('catalog.lookUp', { skus: unseen }))
        known.add(sku)
      return unseen.filter((sku) => !known.has(sku))
    },
    async price(lines) {
      const skus = lines.map(({ sku }) => sku)
      const found = await call<Known[]>('catalog.lookUp', { skus })
      return lines.flatMap(({ sku, quantity }) => {
        const product = found.find((one) => one.sku === sku)
        return product ? [{ sku, quantity, name: product.name, unitPrice: product.price }] : []
      })
    },
    reserve: (orderId, lines) => call('catalog.reserve', { orderId, lines }, stepTimeout),
    release: (orderId) => call('catalog.release', { orderId }, stepTimeout),
    returnGoods: (orderId) => call('catalog.returnGoods', { orderId }, stepTimeout),
  }
}

const paymentsOf = ({ call }: Node): PaymentsClient => ({
  charge: ({ id, customerId, card }, amount) =>
    call('payments.charge', { orderId: id, customerId, amount, card }, stepTimeout),
  refund: (orderId, reason) => call('payments.refund', { orderId, reason }, stepTimeout),
  refundPart: (orderId, id, amount, reason) =>
    call('payments.refundPart', { orderId, id, amount, reason }, stepTimeout),
})
