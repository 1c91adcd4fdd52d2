import { createHash } from 'node:crypto'
import { euro, type Money } from '@sidecart/chassis/contract/money.ts'
import type { ProblemKind } from '@sidecart/chassis/contract/problem.ts'
import { Fault, type Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { type Handler, on } from '@sidecart/chassis/messaging/consumer.ts'
import { mountConsumer } from '@sidecart/chassis/messaging/consumer-routes.ts'
import type { DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import type { Inbox } from '@sidecart/chassis/messaging/inbox.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import type { Tx } from '@sidecart/chassis/persistence/database.ts'
import { paymentEvents } from '@sidecart/payments/contract.ts'
import { mustShipTo, type PostalAddress } from '@sidecart/users/contract.ts'
import { v7 as uuid, v5 as uuidFromName } from 'uuid'
import type { Admission } from './admission.ts'
import {
  type Accepted,
  type HistoryEntry,
  type OrderView,
  ordersRoutes,
  type PlaceOrder,
  type Saga,
} from './contract.ts'
import {
  approveReturn,
  type Change,
  cancel,
  deliver,
  type Line,
  type Order,
  place,
  purchaseOfCart,
  receiveReturn,
  recordRefund,
  rejectReturn,
  requestPartialRefund,
  requestRefund,
  requestReturn,
  resume,
  ship,
} from './domain.ts'
import type {
  CatalogClient,
  IdempotencyKey,
  OpenOrder,
  OrderStore,
  Overview,
  UsersClient,
  Viewer,
} from './ports.ts'
import type { SagaRunner } from './saga.ts'
import type { OrdersTables } from './store.ts'

export type OrdersPorts = {
  store: OrderStore
  overview: Overview
  catalog: CatalogClient
  users: UsersClient
  driver: Pick<SagaRunner, 'drive' | 'leaseForNewOrder'>
  backlog: Admission
  /** Countries that the shop ships to: ISO 3166-1 alpha-2. */
  shipsTo: readonly string[]
  inbox: Inbox<Tx<OrdersTables>>
  deadLetters: DeadLetters
  verify: Verifier
  log: Log
  now?: () => Date
  /** Milliseconds until an unconfirmed order is cancelled. */
  deadlineMs?: number
  /** Days after the delivery for requesting a return. */
  returnDays?: number
  appToken?: string
  ready?: () => Promise<void>
}

type RefusalCode =
  | 'unknown-sku'
  | 'repeated-product'
  | 'unknown-address'
  | 'country-not-served'
  | 'idempotency-key-reused'
  | 'duplicate-order'
  | 'price-changed'
  | 'too-many-open-orders'
  | 'order-already-confirmed'
  | 'order-already-shipped'
  | 'order-already-refunded'
  | 'order-not-confirmed'
  | 'order-not-shipped'
  | 'order-not-parked'
  | 'refund-exceeds-payment'
  | 'return-required'
  | 'return-period-over'
  | 'return-not-requested'
  | 'return-not-approved'
  | 'return-rejected'
  | 'order-needs-attention'

const problems = {
  'unknown-sku': { status: 422, title: 'No such product' },
  'repeated-product': { status: 422, title: 'A product stands in two lines' },
  'unknown-address': { status: 422, title: 'No such address' },
  'country-not-served': { status: 422, title: 'The shop does not ship to this country' },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
  },
  'duplicate-order': { status: 409, title: 'The same purchase is an order already' },
  'price-changed': { status: 409, title: 'A price has changed' },
  'too-many-open-orders': { status: 429, title: 'Too many open orders' },
  'order-already-confirmed': { status: 409, title: 'The order is paid' },
  'order-already-shipped': { status: 409, title: 'The order is on its way' },
  'order-already-refunded': { status: 409, title: 'The order is refunded' },
  'order-not-confirmed': { status: 409, title: 'The order is not confirmed' },
  'order-not-shipped': { status: 409, title: 'The order has not been shipped' },
  'order-not-parked': { status: 409, title: 'The order is not parked' },
  'refund-exceeds-payment': { status: 409, title: 'There is not that much to return' },
  'return-required': { status: 409, title: 'The order was shipped' },
  'return-period-over': { status: 409, title: 'The return period is over' },
  'return-not-requested': { status: 409, title: 'No return was requested' },
  'return-not-approved': { status: 409, title: 'The return was not approved' },
  'return-rejected': { status: 409, title: 'The return was rejected' },
  'order-needs-attention': { status: 409, title: 'The order waits for an operator' },
} satisfies Record<RefusalCode, ProblemKind>

const tenMinutes = 600_000

export const ordersHandlers = ({ store }: OrdersPorts): Handler<Tx<OrdersTables>>[] => [
  on(paymentEvents.refunded, ({ orderId, amount, refundedTotal = amount }, tx) =>
    store.updateWithin(tx, orderId, (order) => recordRefund(order, refundedTotal)),
  ),
]

export function createOrdersApp(ports: OrdersPorts): App {
  const {
    store,
    overview,
    catalog,
    driver,
    backlog,
    verify,
    log,
    now = () => new Date(),
    deadlineMs = tenMinutes,
    returnDays = 30,
  } = ports
  const app = createApp({ ...ports, name: 'orders', problems })
  for (const path of ['/orders', '/orders/*']) app.use(path, signedIn(verify))
  for (const path of [
    '/orders/:id/ship',
    '/orders/:id/deliver',
    '/orders/:id/resume',
    '/orders/:id/refunds',
    '/orders/:id/return/approve',
    '/orders/:id/return/reject',
    '/orders/:id/return/receive',
    '/orders/sagas',
    '/orders/sales',
    '/orders/dead-letters',
    '/orders/dead-letters/*',
  ]) {
    app.use(path, signedIn(verify, 'operator'))
  }
  // before /orders/{orderId}, where "dead-letters" would match as an order id
  mountConsumer(app, { ...ports, name: 'orders', handlers: ordersHandlers(ports) })

  app.openapi(ordersRoutes.place, async (c) => {
    const { userId } = c.var.identity
    const request = c.req.valid('json')
    refuseRepeated(request.lines)
    const key = {
      key: c.req.valid('header')['idempotency-key'],
      requestHash: hash(request),
      again: request.again,
    }
    await backlog.admit(userId)
    const shipTo = await addressOf(request.shipTo, userId, key)
    if (!request.expectedTotal) await refuseUnknown(request.lines)
    else if (!(await store.placedBefore(userId, key)))
      await refuseChanged(request.lines, request.expectedTotal)
    const placedAt = now()
    const deadlineAt = new Date(placedAt.getTime() + deadlineMs)
    const change = place(uuid(), userId, { ...request, shipTo }, placedAt, deadlineAt)
    const leaseMs = driver.leaseForNewOrder()
    const { order, isNew } = await store.place(change, key, leaseMs)
    if (isNew && leaseMs > 0) driver.drive(order)
    return c.json(accepted(order), 202, { location: `/orders/${order.id}` })
  })

  app.openapi(ordersRoutes.list, async (c) => {
    const { limit, all, cartId, q, email, ...filters } = c.req.valid('query')
    const found = await store.list(c.var.identity, {
      ...filters,
      limit: limit + 1,
      customerIds: email === undefined ? undefined : await accountsWith(email, c.var.identity),
      purchase: cartId && purchaseOfCart(cartId),
      text: q,
      all: all === 'true' || filters.customerId !== undefined || email !== undefined,
    })
    const page = found.slice(0, limit)
    const last = page.at(-1)
    return c.json(
      { orders: page.map(view), ...(found.length > limit && last && { nextCursor: last.id }) },
      200,
    )
  })

  app.openapi(ordersRoutes.sagas, async (c) =>
    c.json({ sagas: (await overview.sagas()).map(saga) }, 200),
  )

  app.openapi(ordersRoutes.sales, async (c) => {
    const { minutes, stretches } = c.req.valid('query')
    const from = new Date(now().getTime() - minutes * 60_000)
    return c.json(await overview.sales(from, (minutes * 60) / stretches, stretches), 200)
  })

  app.openapi(ordersRoutes.get, async (c) => {
    const { orderId } = c.req.valid('param')
    return c.json(view(await existing(orderId, c.var.identity)), 200)
  })

  app.openapi(ordersRoutes.history, async (c) => {
    const { id } = await existing(c.req.valid('param').orderId, c.var.identity)
    const history = await store.history(id)
    const isOperator = c.var.identity.role === 'operator'
    return c.json({ history: isOperator ? history : history.map(forCustomer) }, 200)
  })

  async function change(
    orderId: string,
    viewer: Viewer,
    decide: (order: Order) => Change,
  ): Promise<OrderView> {
    const order = await store.update(orderId, decide, viewer)
    driver.drive(order)
    return view(order)
  }

  const changes = [
    [ordersRoutes.cancel, (order: Order) => cancel(order, 'customer-request')],
    [ordersRoutes.refund, (order: Order, { role }: Viewer) => requestRefund(order, role)],
    [ordersRoutes.ship, (order: Order) => ship(order, now())],
    [ordersRoutes.deliver, (order: Order) => deliver(order, now())],
    [ordersRoutes.approveReturn, (order: Order) => approveReturn(order, now())],
    [ordersRoutes.receiveReturn, (order: Order) => receiveReturn(order, now())],
    [ordersRoutes.resume, resume],
  ] as const
  for (const [route, decide] of changes) {
    app.openapi(route, async (c) => {
      const { identity } = c.var
      const { orderId } = c.req.valid('param')
      return c.json(await change(orderId, identity, (order) => decide(order, identity)), 200)
    })
  }

  app.openapi(ordersRoutes.refundPart, async (c) => {
    const { orderId } = c.req.valid('param')
    const refundId = idFrom(orderId, c.req.valid('header')['idempotency-key'])
    const wanted = { refundId, ...c.req.valid('json') }
    const asked = (order: Order) => requestPartialRefund(order, wanted)
    return c.json(await change(orderId, c.var.identity, asked), 200)
  })

  app.openapi(ordersRoutes.requestReturn, async (c) => {
    const { reason } = c.req.valid('json')
    const asked = (order: Order) => requestReturn(order, reason, now(), returnDays)
    return c.json(await change(c.req.valid('param').orderId, c.var.identity, asked), 200)
  })

  app.openapi(ordersRoutes.rejectReturn, async (c) => {
    const { reason } = c.req.valid('json')
    const rejected = (order: Order) => rejectReturn(order, reason)
    return c.json(await change(c.req.valid('param').orderId, c.var.identity, rejected), 200)
  })

  /** Skips a check if the catalog does not respond: the order is accepted, and the saga detects a mismatch later. */
  async function ifItAnswers(ask: () => Promise<void>): Promise<void> {
    try {
      await ask()
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      log.warn({ err: error }, 'accepting an order without asking the catalogue')
    }
  }

  const refuseUnknown = (lines: readonly Line[]): Promise<void> =>
    ifItAnswers(async () => {
      const [sku] = await catalog.unknown(lines.map((line) => line.sku))
      if (sku) throw unknownSku(sku)
    })

  /**
   * Refuses when the shop would charge another total than the one shown to the customer; the refusal contains the new
   * total.
   */
  const refuseChanged = (lines: readonly Line[], expected: Money): Promise<void> =>
    ifItAnswers(async () => {
      const priced = await catalog.price(lines)
      const missing = lines.find(({ sku }) => !priced.some((line) => line.sku === sku))
      if (missing) throw unknownSku(missing.sku)
      const total = totalOf(priced)
      if (total.amount !== expected.amount)
        throw refused('price-changed', 'A price has changed; this is what the order costs now.', {
          lines: priced,
          total,
        })
    })

  /**
   * Returns the address for the parcel; a repeated request keeps the address of the existing order, without calling
   * users.
   */
  async function addressOf(
    shipTo: PlaceOrder['shipTo'],
    userId: string,
    key: IdempotencyKey,
  ): Promise<PostalAddress> {
    if (!('addressId' in shipTo)) {
      mustShipTo(ports.shipsTo, shipTo.country, 'shipTo.country')
      return shipTo
    }
    const placed = await store.placedBefore(userId, key)
    if (placed) return placed.shipTo
    const saved = await ports.users.savedAddress(userId, shipTo.addressId)
    const [field, message] = ['shipTo.addressId', 'no such address in your book']
    if (!saved)
      throw refused('unknown-address', `${field}: ${message}`, { errors: [{ field, message }] })
    mustShipTo(ports.shipsTo, saved.country, field)
    return saved
  }

  /**
   * Returns the accounts with an e-mail.
   * @throws Refusal `forbidden` for customers, `unavailable` when users does not respond
   */
  async function accountsWith(email: string, { role }: Viewer): Promise<string[]> {
    if (role !== 'operator') throw refused('forbidden', 'email: only operators search by it.')
    try {
      return await ports.users.accountsWith(email)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      log.warn({ err: error }, 'orders are not searched by e-mail: users does not answer')
      throw refused(
        'unavailable',
        'Orders cannot be searched by e-mail at the moment: accounts do not answer. Search by name or order id, or try again.',
        { retryAfterSeconds: 1 },
      )
    }
  }

  async function existing(
    id: string,
    viewer: { userId: string; role: 'customer' | 'operator' },
  ): Promise<Order> {
    const order = await store.find(id, viewer)
    if (!order) throw refused('not-found', `There is no order ${id}.`)
    return order
  }
  return app
}

/** Hides the error texts of other services recorded while parking, and the names of operators. */
function forCustomer({ detail, actor, ...entry }: HistoryEntry): HistoryEntry {
  const isOwn = entry.status !== 'needs_attention'
  return {
    ...entry,
    ...(detail && isOwn && { detail }),
    ...(actor && { actor: { role: actor.role } }),
  }
}

function refuseRepeated(lines: readonly Line[]): void {
  const skus = lines.map(({ sku }) => sku)
  const again = skus.find((sku, index) => skus.indexOf(sku) !== index)
  if (again === undefined) return
  const errors = [{ field: 'lines', message: 'each product once' }]
  throw refused('repeated-product', `${again} stands in two lines.`, { errors })
}

const unknownSku = (sku: string): Refusal =>
  refused('unknown-sku', `There is no product ${sku}.`, {
    errors: [{ field: 'lines', message: `no product ${sku}` }],
  })

const totalOf = (lines: readonly Required<Line>[]): Money =>
  euro(lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amount, 0))

/** Returns the same id for the same order and key. */
const idFrom = (orderId: string, key: string): string => uuidFromName(key, orderId)

const hash = (request: unknown): string =>
  createHash('sha256').update(JSON.stringify(request)).digest('hex')

const accepted = (order: Order): Accepted => ({
  orderId: order.id,
  status: 'placed',
  placedAt: order.placedAt.toISOString(),
})

const view = (order: Order): OrderView => ({
  orderId: order.id,
  customerId: order.customerId,
  status: order.status,
  version: order.version,
  lines: order.lines,
  shipTo: order.shipTo,
  ...(order.total && { total: order.total }),
  ...(order.reason && { reason: order.reason }),
  ...(order.shippedAt && { shippedAt: order.shippedAt.toISOString() }),
  ...(order.deliveredAt && { deliveredAt: order.deliveredAt.toISOString() }),
  ...(order.goodsReturn && { goodsReturn: order.goodsReturn }),
  ...(order.refundedTotal.amount > 0 && { refundedTotal: order.refundedTotal }),
  ...(order.refunds.length > 0 && { refunds: [...order.refunds] }),
  placedAt: order.placedAt.toISOString(),
  updatedAt: order.updatedAt.toISOString(),
})

const saga = ({ order, failures, nextAttemptAt, lastStep, lastDetail }: OpenOrder): Saga => ({
  ...view(order),
  failures,
  deadlineAt: order.deadlineAt.toISOString(),
  lastStep,
  ...(nextAttemptAt && { nextAttemptAt: nextAttemptAt.toISOString() }),
  ...(lastDetail && { lastDetail }),
})
