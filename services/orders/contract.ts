import { OrderQuantity, orderLimits, Sku } from '@sidecart/catalog/contract.ts'
import {
  body,
  createRoute,
  defineEvent,
  json,
  linksTo,
  Money,
  PositiveMoney,
  refusal,
  wholeNumber,
  z,
} from '@sidecart/chassis/contract/openapi.ts'
import { Problem } from '@sidecart/chassis/contract/problem.ts'
import { line, token } from '@sidecart/chassis/contract/text.ts'
import { Card } from '@sidecart/payments/contract.ts'
import { Email, keptAddress, PostalAddress } from '@sidecart/users/contract.ts'

export const OrderId = z.uuid().openapi({ example: '019a0c6e-5b7e-7c31-9d2a-3f1f0a6b7c11' })

export const OrderStatus = z.enum([
  'placed',
  'reserved',
  'charged',
  'confirmed',
  'shipped',
  'delivered',
  'cancelling',
  'cancelled',
  'refunding',
  'refunded',
  'needs_attention',
])
export type OrderStatus = z.infer<typeof OrderStatus>

/** Reason of a cancellation. */
export const CancelReason = z.enum([
  'customer-request',
  'out-of-stock',
  'unknown-sku',
  'discontinued',
  'price-changed',
  'card-declined',
  'took-too-long',
])
export type CancelReason = z.infer<typeof CancelReason>

const WantedLine = z.strictObject({ sku: Sku, quantity: OrderQuantity })

const SavedAddress = z.strictObject({ addressId: z.uuid() }).openapi('SavedAddress')

export const PlaceOrder = z
  .strictObject({
    lines: z.array(WantedLine).min(1).max(orderLimits.products),
    shipTo: z.union([PostalAddress, SavedAddress]).openapi({
      description: 'An address, or one of the customer’s book: the order keeps a copy.',
    }),
    card: Card,
    /** The total shown to the customer. A mismatch found after the order was accepted cancels the order. */
    expectedTotal: Money.optional(),
    cartId: token(100).optional().openapi({
      description:
        'Names the purchase: the `cartId` of `GET /cart`, or any name of the client’s own. A purchase is one order: another one is refused with `duplicate-order` until the first is cancelled. Without it, an order over the same lines is refused while the outcome of the first is open.',
    }),
    again: OrderId.optional().openapi({
      description:
        'The order named by `duplicate-order`, when its customer has confirmed to want the same once more.',
    }),
  })
  .openapi('PlaceOrder')
export type PlaceOrder = z.infer<typeof PlaceOrder>

/** The refusal `duplicate-order`, with the existing order. */
export const DuplicateOrder = Problem.extend({
  code: z.literal('duplicate-order'),
  order: z.object({ orderId: OrderId, status: OrderStatus, placedAt: z.iso.datetime() }),
}).openapi('DuplicateOrder')
export type DuplicateOrder = z.infer<typeof DuplicateOrder>

/**
 * The refusal `price-changed`, with the current total. The client sends the order again with this total once the
 * customer accepts.
 */
export const PriceChanged = Problem.extend({
  code: z.literal('price-changed'),
  lines: z.array(z.object({ sku: Sku, quantity: z.int(), name: z.string(), unitPrice: Money })),
  total: Money,
}).openapi('PriceChanged')
export type PriceChanged = z.infer<typeof PriceChanged>

export const Accepted = z
  .object({ orderId: OrderId, status: z.literal('placed'), placedAt: z.iso.datetime() })
  .openapi('AcceptedOrder')
export type Accepted = z.infer<typeof Accepted>

const PricedLine = z.object({
  sku: Sku,
  quantity: z.int(),
  name: z.string().optional().openapi({ description: 'Known once the stock is reserved.' }),
  unitPrice: Money.optional().openapi({ description: 'Known once the stock is reserved.' }),
})

/** State of a return of shipped goods: requested → approved → received, or rejected. */
export const GoodsReturn = z
  .object({
    status: z.enum(['requested', 'approved', 'rejected', 'received']),
    requestedAt: z.iso.datetime(),
    reason: z.string().optional().openapi({ description: 'The customer’s' }),
    answer: z.string().optional().openapi({ description: 'The operator’s, when it was rejected' }),
  })
  .openapi('GoodsReturn')
export type GoodsReturn = z.infer<typeof GoodsReturn>

/** A partial refund by an operator. */
export const PartialRefund = z
  .object({
    refundId: z.uuid(),
    amount: Money,
    reason: z.string(),
    status: z.enum(['requested', 'done', 'refused']),
  })
  .openapi('PartialRefund')
export type PartialRefund = z.infer<typeof PartialRefund>

export const OrderView = z
  .object({
    orderId: OrderId,
    customerId: z.uuid(),
    status: OrderStatus,
    version: z.int(),
    lines: z.array(PricedLine),
    shipTo: z.object(keptAddress),
    total: Money.optional(),
    reason: CancelReason.optional(),
    shippedAt: z.iso.datetime().optional(),
    deliveredAt: z.iso.datetime().optional(),
    goodsReturn: GoodsReturn.optional(),
    refundedTotal: Money.optional(),
    refunds: z.array(PartialRefund).optional(),
    placedAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Order')
export type OrderView = z.infer<typeof OrderView>

/** Author of a step: a person, or the shop itself. */
export const Actor = z
  .object({
    role: z.enum(['customer', 'operator', 'system']),
    userId: z.uuid().optional().openapi({ description: 'Shown to operators.' }),
  })
  .openapi('OrderActor')
export type Actor = z.infer<typeof Actor>

export const HistoryEntry = z
  .object({
    version: z.int(),
    status: OrderStatus,
    step: z.string(),
    detail: z.string().optional().openapi({
      description: 'Operators see all of it, customers not what other services have answered.',
    }),
    actor: Actor.optional(),
    traceId: z.string().optional(),
    failures: z
      .int()
      .optional()
      .openapi({ description: 'How often it was tried without success before, if it was.' }),
    at: z.iso.datetime(),
  })
  .openapi('OrderHistoryEntry')
export type HistoryEntry = z.infer<typeof HistoryEntry>

/** An unfinished order, for operators. */
export const Saga = OrderView.extend({
  failures: z.int().openapi({ description: 'Tries without success since the last step' }),
  nextAttemptAt: z.iso.datetime().optional(),
  deadlineAt: z.iso.datetime(),
  lastStep: z.string(),
  lastDetail: z.string().optional(),
}).openapi('Saga')
export type Saga = z.infer<typeof Saga>

/** Totals of the orders of one interval. */
export const Sales = z
  .object({
    from: z.iso.datetime(),
    placed: z.int(),
    sold: z.int(),
    cancelled: z.int(),
    refunded: z.int(),
    open: z.int(),
    revenue: Money.openapi({ description: 'Of what was sold and not refunded' }),
  })
  .openapi('Sales')
export type Sales = z.infer<typeof Sales>

/** A message about an order, from the customer to the shop or back. */
const Reason = line(200)

const params = z.strictObject({ orderId: OrderId })
const security = [{ bearer: [] }]
const tags = ['orders']

const idempotencyKey = (description: string) =>
  z.object({ 'idempotency-key': token(200).openapi({ description }) })

/** A change to an order, and its refusals for orders in which it is not possible. */
const change = <P extends string>(path: P, summary: string, ...codes: string[]) =>
  createRoute({
    method: 'post',
    path,
    tags,
    summary,
    security,
    request: { params },
    responses: { 200: json(OrderView), 409: refusal(notNow(codes)) },
  })

const notNow = (codes: readonly string[]) =>
  `The order is not in such a state: ${codes.map((code) => `\`${code}\``).join(', ')}`

const notShipped = ['order-not-shipped', 'order-already-refunded']

/** Operations on an order. */
const orderLinks = (orderId: string) =>
  linksTo(
    { orderId },
    {
      order: 'get /orders/{orderId}',
      history: 'get /orders/{orderId}/history',
      cancel: 'post /orders/{orderId}/cancel',
      refund: 'post /orders/{orderId}/refund',
      refundPart: 'post /orders/{orderId}/refunds',
      requestReturn: 'post /orders/{orderId}/return',
      approveReturn: 'post /orders/{orderId}/return/approve',
      rejectReturn: 'post /orders/{orderId}/return/reject',
      receiveReturn: 'post /orders/{orderId}/return/receive',
      ship: 'post /orders/{orderId}/ship',
      deliver: 'post /orders/{orderId}/deliver',
      resume: 'post /orders/{orderId}/resume',
    },
  )

/** Several values of one parameter: repeated, or separated by commas. */
const severalOf = <E extends z.core.util.EnumLike>(value: z.ZodEnum<E>, description: string) =>
  z
    .preprocess(
      (given) =>
        given === undefined ? undefined : [given].flat().flatMap((one) => String(one).split(',')),
      z.array(value).min(1).max(20).optional(),
    )
    .openapi({
      type: 'array',
      items: { type: 'string', enum: value.options },
      minItems: 1,
      maxItems: 20,
      description: `${description}: repeated, or separated by commas`,
    })

/** A time, or a day (UTC) converted by `ofDay`. */
const moment = (ofDay: (date: string) => string, description: string) =>
  z
    .union([z.iso.datetime({ offset: true }), z.iso.date().transform(ofDay)])
    .transform((iso) => new Date(iso))
    .optional()
    .openapi({
      type: 'string',
      anyOf: [{ format: 'date-time' }, { format: 'date' }],
      description,
      example: '2026-07-14',
    })

const dayMs = 86_400_000
const startOf = (date: string): string => `${date}T00:00:00Z`
const endOf = (date: string): string => new Date(Date.parse(startOf(date)) + dayMs).toISOString()

export const ordersRoutes = {
  place: createRoute({
    method: 'post',
    path: '/orders',
    tags,
    summary: 'Place an order; it is accepted at once and completed in the background',
    security,
    request: {
      headers: idempotencyKey('The same key is the same order, for ever.'),
      body: body(PlaceOrder),
    },
    responses: {
      202: {
        ...json(Accepted, 'Accepted; follow `Location`'),
        headers: z.object({ location: z.string() }),
        links: orderLinks('$response.body#/orderId'),
      },
      409: {
        content: {
          'application/problem+json': {
            schema: z.discriminatedUnion('code', [DuplicateOrder, PriceChanged]),
          },
        },
        description:
          '`price-changed`: the goods cost something else than `expectedTotal` now. Show the new prices, and send the new total once the customer accepts it. `duplicate-order`: the same purchase is an order already. Show that order, or send its id as `again` once the customer has confirmed.',
      },
      422: refusal(
        '`unknown-sku`, `repeated-product`, `unknown-address`, `country-not-served`; `idempotency-key-reused`: the key belongs to another order',
      ),
      429: refusal('`too-many-open-orders`: wait until earlier orders are settled'),
    },
  }),
  list: createRoute({
    method: 'get',
    path: '/orders',
    tags,
    summary:
      'Own orders, newest first (operators: everybody’s with `all`, `customerId` or `email`)',
    security,
    request: {
      query: z.strictObject({
        limit: wholeNumber({ min: 1, max: 100, default: 20 }).default(20),
        cursor: OrderId.optional().openapi({ description: '`nextCursor` of the page before' }),
        status: severalOf(OrderStatus, 'Orders in any of these states'),
        customerId: z.uuid().optional(),
        email: Email.optional().openapi({
          description: 'Orders of the accounts with this e-mail, whatever its spelling (operator)',
        }),
        cartId: token(100).optional().openapi({
          description: 'The order that this purchase has become, unless it was cancelled',
        }),
        q: line(200, { min: 0 }).optional().openapi({
          description:
            'The name that the order is sent to, or the beginnings of its words, with or without accents; or the beginning or the end of the order’s id',
        }),
        from: moment(startOf, 'Placed at this moment or later; of a day (UTC) its beginning'),
        to: moment(endOf, 'Placed before this moment; of a day (UTC) its end'),
        goodsReturn: GoodsReturn.shape.status.optional().openapi({
          description: 'Only orders whose return stands so',
        }),
        all: z.enum(['true', 'false']).optional(),
      }),
    },
    responses: {
      200: {
        ...json(z.object({ orders: z.array(OrderView), nextCursor: OrderId.optional() })),
        links: {
          ...linksTo({ cursor: '$response.body#/nextCursor' }, { nextPage: 'get /orders' }),
          ...orderLinks('$response.body#/orders/0/orderId'),
        },
      },
      403: refusal('`forbidden`: only operators search by `email`'),
    },
  }),
  sagas: createRoute({
    method: 'get',
    path: '/orders/sagas',
    tags,
    summary: 'Orders that are not at rest, those that wait for an operator first (operator)',
    security,
    responses: { 200: json(z.object({ sagas: z.array(Saga) })) },
  }),
  sales: createRoute({
    method: 'get',
    path: '/orders/sales',
    tags,
    summary: 'What the orders of the last minutes have come to, in equal stretches (operator)',
    security,
    request: {
      query: z.strictObject({
        minutes: wholeNumber({ min: 1, max: 10_080, default: 60 }).default(60),
        stretches: wholeNumber({ min: 1, max: 120, default: 30 }).default(30),
      }),
    },
    responses: {
      200: json(
        z.object({
          sales: z.array(Sales),
          reasons: z.array(z.object({ reason: CancelReason, orders: z.int() })),
        }),
      ),
    },
  }),
  get: createRoute({
    method: 'get',
    path: '/orders/{orderId}',
    tags,
    summary: 'An order',
    security,
    request: { params },
    responses: { 200: json(OrderView) },
  }),
  history: createRoute({
    method: 'get',
    path: '/orders/{orderId}/history',
    tags,
    summary: 'Every step of an order, compensation included',
    security,
    request: { params },
    responses: { 200: json(z.object({ history: z.array(HistoryEntry) })) },
  }),
  cancel: change(
    '/orders/{orderId}/cancel',
    'Cancel before it is confirmed',
    ...['order-already-confirmed', 'order-already-shipped', 'order-already-refunded'],
    'order-needs-attention',
  ),
  refund: change(
    '/orders/{orderId}/refund',
    'Get the money back: until it is shipped for its customer, afterwards for an operator',
    ...['order-not-confirmed', 'return-required'],
  ),
  refundPart: createRoute({
    ...change(
      '/orders/{orderId}/refunds',
      'Give a part of the money back, with or without goods (operator)',
    ),
    request: {
      params,
      headers: idempotencyKey('The same key is the same refund, for ever.'),
      body: body(
        z
          .strictObject({
            amount: PositiveMoney,
            reason: Reason,
          })
          .openapi('RefundPart'),
      ),
    },
    responses: {
      200: json(OrderView),
      409: refusal(
        notNow(['order-not-confirmed', 'order-already-refunded', 'refund-exceeds-payment']),
      ),
      422: refusal('`idempotency-key-reused`: the key belongs to another refund'),
    },
  }),
  requestReturn: createRoute({
    ...change(
      '/orders/{orderId}/return',
      'Ask to send back what was shipped, within the return period',
      ...notShipped,
      ...['return-rejected', 'return-period-over'],
    ),
    request: {
      params,
      body: body(z.strictObject({ reason: Reason.optional() }).openapi('ReturnRequest')),
    },
  }),
  approveReturn: change(
    '/orders/{orderId}/return/approve',
    'Let the goods be sent back (operator)',
    ...notShipped,
  ),
  rejectReturn: createRoute({
    ...change(
      '/orders/{orderId}/return/reject',
      'Refuse the return, and tell why (operator)',
      ...notShipped,
      'return-not-requested',
    ),
    request: { params, body: body(z.strictObject({ reason: Reason }).openapi('ReturnRejection')) },
  }),
  receiveReturn: change(
    '/orders/{orderId}/return/receive',
    'Record that the goods are back: they can be sold again, and the order is refunded (operator)',
    ...notShipped,
    'return-not-approved',
  ),
  ship: change(
    '/orders/{orderId}/ship',
    'Hand it to the carrier (operator)',
    'order-not-confirmed',
  ),
  deliver: change(
    '/orders/{orderId}/deliver',
    'Record the delivery (operator)',
    'order-not-shipped',
  ),
  resume: change(
    '/orders/{orderId}/resume',
    'Try a parked order again (operator)',
    'order-not-parked',
  ),
}

const head = { orderId: z.uuid(), customerId: z.uuid(), version: z.int() }
const SoldLine = z.object({ sku: Sku, name: z.string(), quantity: z.int(), unitPrice: Money })

/** Events published by orders. `version` rises by one with every change of an order. */
export const orderEvents = {
  placed: defineEvent(
    'orders-placed-v1',
    z.object({ ...head, lines: z.array(z.object({ sku: Sku, quantity: z.int() })) }),
    'orderId',
  ),
  confirmed: defineEvent(
    'orders-confirmed-v1',
    z.object({
      ...head,
      lines: z.array(SoldLine),
      total: Money,
      /** The purchase of this order. */
      cartId: z.string().optional(),
    }),
    'orderId',
  ),
  cancelled: defineEvent(
    'orders-cancelled-v1',
    z.object({ ...head, reason: CancelReason }),
    'orderId',
  ),
  shipped: defineEvent('orders-shipped-v1', z.object(head), 'orderId'),
  delivered: defineEvent('orders-delivered-v1', z.object(head), 'orderId'),
  refunded: defineEvent('orders-refunded-v1', z.object({ ...head, amount: Money }), 'orderId'),
}
