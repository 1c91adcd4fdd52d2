import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import { euro, formatMoney, type Money } from '@sidecart/chassis/contract/money.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import type { PostalAddress } from '@sidecart/users/contract.ts'
import {
  type CancelReason,
  type GoodsReturn,
  type OrderStatus,
  orderEvents,
  type PartialRefund,
  type PlaceOrder,
} from './contract.ts'

export type Line = { sku: string; quantity: number; name?: string; unitPrice?: Money }

/** State of a command: `asked` until the outcome is stored, so that after a crash the command is repeated. */
export type Reservation = 'asked' | 'held' | 'refused' | 'released' | 'returning' | 'returned'
export type Charge = 'none' | 'asked' | 'charged' | 'declined' | 'returned'

export type Order = {
  id: string
  customerId: string
  version: number
  status: OrderStatus
  lines: Line[]
  shipTo: PostalAddress
  card: string
  expectedTotal?: Money
  total?: Money
  /** Unique among the customer's orders. */
  purchase?: string
  reason?: CancelReason
  shippedAt?: Date
  deliveredAt?: Date
  /** Sum of all refunds so far. */
  refundedTotal: Money
  /** Partial refunds requested by operators. */
  refunds: readonly PartialRefund[]
  /** The customer's request to return shipped goods. */
  goodsReturn?: GoodsReturn
  reservation: Reservation
  charge: Charge
  /** The state to restore when an operator resumes a parked order. */
  parkedFrom?: OrderStatus
  placedAt: Date
  updatedAt: Date
  /** After this time an unconfirmed order is cancelled. */
  deadlineAt: Date
}

/** One line of an order's history; each raises the version by one. */
export type Entry = { status: OrderStatus; step: string; detail?: string }

/** Result of a decision. No entries: no change. */
export type Change = { order: Order; entries: Entry[]; events: OutboxMessage[] }

/** The next command to another service. */
export type Step =
  | { command: 'reserve'; lines: Line[] }
  | { command: 'charge'; amount: Money; card: string }
  | { command: 'refund'; reason: string }
  | { command: 'release' }
  | { command: 'refund part'; refund: PartialRefund }
  | { command: 'return goods' }

export type ReserveOutcome =
  | { outcome: 'reserved'; lines: Required<Line>[]; total: Money }
  | { outcome: 'refused'; code: string; sku?: string | undefined }
export type ChargeOutcome = { outcome: 'charged' } | { outcome: 'declined'; code: string }
export type RefundOutcome = { outcome: 'refunded' | 'nothing-to-refund' }
export type PartialRefundOutcome =
  | { outcome: 'refunded'; refundedTotal: Money }
  | { outcome: 'refused'; code: string }

/** The saga in one function: returns the next command for the current state, or none. */
export function next(order: Order): Step | undefined {
  switch (order.status) {
    case 'placed':
      return { command: 'reserve', lines: order.lines }
    case 'reserved':
      return { command: 'charge', amount: totalOf(order), card: order.card }
    case 'cancelling':
      return compensation(order)
    case 'refunding':
      return { command: 'refund', reason: 'customer-request' }
    case 'refunded':
      return order.reservation === 'returning' ? { command: 'return goods' } : undefined
    case 'confirmed':
    case 'shipped':
    case 'delivered':
      return partToReturn(order)
    case 'charged':
    case 'cancelled':
    case 'needs_attention':
      return undefined
  }
}

function partToReturn({ refunds }: Order): Step | undefined {
  const refund = refunds.find(({ status }) => status === 'requested')
  return refund && { command: 'refund part', refund }
}

/**
 * Returns the compensation, in reverse order: first the money, then the stock. A charge with unknown outcome is
 * refunded too: payments settles the charge first.
 */
function compensation(order: Order): Step | undefined {
  if (order.charge === 'asked' || order.charge === 'charged')
    return { command: 'refund', reason: order.reason ?? 'customer-request' }
  if (order.reservation === 'asked' || order.reservation === 'held') return { command: 'release' }
  return undefined
}

export function place(
  id: string,
  customerId: string,
  request: Omit<PlaceOrder, 'shipTo'> & { shipTo: PostalAddress },
  now: Date,
  deadlineAt: Date,
): Change {
  const { lines, shipTo, card, expectedTotal, cartId } = request
  const order: Order = {
    id,
    customerId,
    version: 0,
    status: 'placed',
    lines,
    shipTo,
    card,
    ...(expectedTotal && { expectedTotal }),
    purchase: cartId === undefined ? byLines + listed(lines) : purchaseOfCart(cartId),
    reservation: 'asked',
    charge: 'none',
    refundedTotal: euro(0),
    refunds: [],
    placedAt: now,
    updatedAt: now,
    deadlineAt,
  }
  const placed = moved(order, 'placed', 'order placed')
  return emitted(placed, (head) => orderEvents.placed({ ...head, lines }))
}

export function reserved(order: Order, answer: ReserveOutcome): Change {
  if (order.reservation !== 'asked') return unchanged(order)
  if (answer.outcome === 'refused') {
    const refusedOrder: Order = { ...order, reservation: 'refused' }
    if (order.status === 'placed')
      return cancelling(refusedOrder, reasonFor(answer.code), answer.sku)
    return settled(noted(refusedOrder, 'stock refused', answer.code))
  }
  const held: Order = { ...order, reservation: 'held', lines: answer.lines, total: answer.total }
  if (order.status !== 'placed') return noted(held, 'stock reserved')
  if (order.expectedTotal && order.expectedTotal.amount !== answer.total.amount) {
    return andThen(noted(held, 'stock reserved'), (one) => cancelling(one, 'price-changed'))
  }
  return moved({ ...held, charge: 'asked' }, 'reserved', 'stock reserved')
}

export function charged(order: Order, answer: ChargeOutcome): Change {
  if (order.charge !== 'asked') return unchanged(order)
  if (answer.outcome === 'declined') {
    const declined: Order = { ...order, charge: 'declined' }
    return order.status === 'reserved'
      ? cancelling(declined, 'card-declined', answer.code)
      : settled(noted(declined, 'card declined', answer.code))
  }
  const paid: Order = { ...order, charge: 'charged' }
  if (order.status !== 'reserved') return noted(paid, 'card charged')
  return andThen(moved(paid, 'charged', 'card charged'), confirmed)
}

const byCart = 'cart '
/** Returns the name of a purchase made from a cart. */
export const purchaseOfCart = (cartId: string): string => byCart + cartId
const byLines = 'lines '

/** Returns the same text for the same lines in any order. */
const listed = (lines: readonly Line[]): string =>
  lines
    .map(({ sku, quantity }) => `${quantity} ${sku}`)
    .sort()
    .join()

/** Confirms an order. A purchase named by its lines ends here: the same lines are a new purchase from now on. */
function confirmed({ purchase, ...paid }: Order): Change {
  const cartId = purchase?.startsWith(byCart) ? purchase.slice(byCart.length) : undefined
  const order: Order = { ...paid, ...(cartId && purchase && { purchase }) }
  const lines = order.lines.map(({ sku, quantity, name = sku, unitPrice }) => ({
    sku,
    quantity,
    name,
    unitPrice: unitPrice ?? totalOf(order),
  }))
  const total = totalOf(order)
  return emitted(moved(order, 'confirmed', 'order confirmed'), (head) =>
    orderEvents.confirmed({ ...head, lines, total, ...(cartId && { cartId }) }),
  )
}

/** Records that the money was returned, or that there was no payment. */
export function returned(order: Order, answer: RefundOutcome): Change {
  const detail = answer.outcome === 'refunded' ? 'payment returned' : 'no payment to return'
  if (order.status === 'refunding') return refunded({ ...order, charge: 'returned' })
  if (order.status !== 'cancelling' || order.charge === 'returned') return unchanged(order)
  return settled(noted({ ...order, charge: 'returned' }, detail))
}

export function released(order: Order): Change {
  if (order.status !== 'cancelling' || order.reservation === 'released') return unchanged(order)
  return settled(noted({ ...order, reservation: 'released' }, 'stock released'))
}

/** Records that the goods of a refunded order are on hand again. */
export function goodsReturned(order: Order): Change {
  if (order.reservation !== 'returning') return unchanged(order)
  return noted({ ...order, reservation: 'returned' }, 'goods back in stock')
}

export function cancel(order: Order, reason: CancelReason): Change {
  switch (order.status) {
    case 'placed':
    case 'reserved':
      return cancelling(order, reason)
    case 'cancelling':
    case 'cancelled':
      return unchanged(order)
    case 'needs_attention':
      throw refused('order-needs-attention', `Order ${order.id} is being looked at by an operator.`)
    case 'charged':
    case 'confirmed':
      throw refused(
        'order-already-confirmed',
        `Order ${order.id} is paid; ask for a refund instead.`,
      )
    case 'shipped':
    case 'delivered':
      throw refused(
        'order-already-shipped',
        `Order ${order.id} is on its way; ask for a return instead.`,
      )
    case 'refunding':
    case 'refunded':
      throw refused('order-already-refunded', `Order ${order.id} is refunded.`)
  }
}

/** Before shipping, a refund is granted to customer and operator. Afterwards only an operator may refund. */
export function requestRefund(order: Order, by: 'customer' | 'operator'): Change {
  switch (order.status) {
    case 'confirmed':
      return moved(withGoodsComing(order), 'refunding', 'refund requested')
    case 'shipped':
    case 'delivered':
      if (by === 'customer')
        throw refused(
          'return-required',
          `Order ${order.id} was shipped; ask for a return, which is refunded once the goods have arrived.`,
        )
      return moved(order, 'refunding', 'refund requested')
    case 'refunding':
    case 'refunded':
      return unchanged(order)
    default:
      throw refused(
        'order-not-confirmed',
        `Order ${order.id} is ${order.status}; there is nothing to refund. Cancel it instead.`,
      )
  }
}

/** Returns the refundable rest of an order, in minor units. */
const refundable = (order: Order): number =>
  order.refunds.reduce(
    (left, { status, amount }) => left - (status === 'requested' ? amount.amount : 0),
    totalOf(order).amount - order.refundedTotal.amount,
  )

/**
 * Requests a partial refund by an operator. A repeat with the same id changes nothing, whatever happened to the order
 * since.
 */
export function requestPartialRefund(order: Order, wanted: Omit<PartialRefund, 'status'>): Change {
  const known = order.refunds.find(({ refundId }) => refundId === wanted.refundId)
  if (known?.amount.amount === wanted.amount.amount && known.reason === wanted.reason)
    return unchanged(order)
  if (known)
    throw refused('idempotency-key-reused', 'This Idempotency-Key came with another refund before.')
  mustBeKept(order)
  const left = refundable(order)
  if (wanted.amount.amount > left)
    throw refused(
      'refund-exceeds-payment',
      `At most ${formatMoney(euro(left))} of order ${order.id} can still be returned.`,
      { refundable: euro(left) },
    )
  const refund: PartialRefund = { ...wanted, status: 'requested' }
  return noted(
    { ...order, refunds: [...order.refunds, refund] },
    'partial refund requested',
    `${formatMoney(wanted.amount)}: ${wanted.reason}`,
  )
}

/** Records a partial refund, or a refusal because the payment has less left. */
export function partReturned(order: Order, refundId: string, answer: PartialRefundOutcome): Change {
  const refund = order.refunds.find((one) => one.refundId === refundId)
  if (refund?.status !== 'requested') return unchanged(order)
  const as = (status: PartialRefund['status']): Order => ({
    ...order,
    refunds: order.refunds.map((one) => (one === refund ? { ...one, status } : one)),
  })
  if (answer.outcome === 'refused')
    return noted(as('refused'), 'partial refund refused', answer.code)
  const done = as('done')
  const more = recordRefund(done, answer.refundedTotal)
  return more.entries.length > 0 ? more : noted(done, 'payment returned in part')
}

/** Records a refund from any source, for instance at the provider; `refundedTotal` is the sum so far. */
export function recordRefund(order: Order, refundedTotal: Money): Change {
  const state = order.status === 'needs_attention' ? order.parkedFrom : order.status
  switch (state) {
    case 'confirmed':
    case 'shipped':
    case 'delivered':
    case 'refunding':
      break
    default:
      return unchanged(order)
  }
  if (refundedTotal.amount >= totalOf(order).amount) {
    const back: Order = state === 'confirmed' ? withGoodsComing(order) : order
    return refundedElsewhere({ ...back, charge: 'returned' })
  }
  if (refundedTotal.amount <= order.refundedTotal.amount) return unchanged(order)
  return noted(
    { ...order, refundedTotal },
    'payment returned in part',
    `${formatMoney(refundedTotal)} in all`,
  )
}

function refundedElsewhere(order: Order): Change {
  if (order.status === 'refunding') return refunded(order)
  const { parkedFrom: _, ...back } = order
  return andThen(moved(back, 'refunding', 'refund received'), refunded)
}

/** Unshipped goods return to stock automatically. */
const withGoodsComing = (order: Order): Order => ({ ...order, reservation: 'returning' })

const dayMs = 86_400_000

/** Requests a return, within `returnDays` days of the delivery, or of shipping without a recorded delivery. */
export function requestReturn(
  order: Order,
  reason: string | undefined,
  now: Date,
  returnDays: number,
): Change {
  mustBeShipped(order)
  if (order.goodsReturn?.status === 'rejected')
    throw refused('return-rejected', `The return of order ${order.id} was rejected.`)
  if (order.goodsReturn) return unchanged(order)
  const since = order.deliveredAt ?? order.shippedAt ?? order.updatedAt
  if (now.getTime() > since.getTime() + returnDays * dayMs)
    throw refused(
      'return-period-over',
      `Order ${order.id} could be returned for ${returnDays} days, until ${day(since, returnDays)}.`,
      { returnDays },
    )
  const goodsReturn: GoodsReturn = {
    status: 'requested',
    requestedAt: now.toISOString(),
    ...(reason && { reason }),
  }
  return noted({ ...order, goodsReturn }, 'return requested', reason)
}

/** Approves a return. Operators may also approve a rejected, a late, or a never requested return. */
export function approveReturn(order: Order, now: Date): Change {
  mustBeShipped(order)
  const { goodsReturn } = order
  if (goodsReturn?.status === 'approved') return unchanged(order)
  const approved: GoodsReturn = {
    requestedAt: now.toISOString(),
    ...goodsReturn,
    status: 'approved',
  }
  return noted({ ...order, goodsReturn: approved }, 'return approved')
}

/** Rejects a return; `why` is shown to the customer. */
export function rejectReturn(order: Order, why: string): Change {
  mustBeShipped(order)
  const { goodsReturn } = order
  if (goodsReturn?.status === 'rejected') return unchanged(order)
  if (goodsReturn?.status !== 'requested')
    throw refused('return-not-requested', `Nobody has asked to return order ${order.id}.`)
  const rejected: GoodsReturn = { ...goodsReturn, status: 'rejected', answer: why }
  return noted({ ...order, goodsReturn: rejected }, 'return rejected', why)
}

/** Records arrived goods, which can be sold again. An order not refunded yet is refunded now. */
export function receiveReturn(order: Order, now: Date): Change {
  if (order.reservation === 'returning' || order.reservation === 'returned') return unchanged(order)
  const isPaidBack = order.status === 'refunding' || order.status === 'refunded'
  if (!(isPaidBack && order.shippedAt)) mustBeShipped(order)
  if (!isPaidBack && order.goodsReturn?.status !== 'approved')
    throw refused('return-not-approved', `The return of order ${order.id} was not approved.`)
  const goodsReturn: GoodsReturn = {
    requestedAt: now.toISOString(),
    ...order.goodsReturn,
    status: 'received',
  }
  const received = noted({ ...withGoodsComing(order), goodsReturn }, 'return received')
  if (isPaidBack) return received
  return andThen(received, (one) => moved(one, 'refunding', 'refund requested'))
}

function mustBeKept({ id, status }: Order): void {
  if (status === 'refunding' || status === 'refunded')
    throw refused('order-already-refunded', `Order ${id} is refunded.`)
  if (status !== 'confirmed' && status !== 'shipped' && status !== 'delivered')
    throw refused('order-not-confirmed', `Order ${id} is ${status}; there is nothing to refund.`)
}

function mustBeShipped({ id, status }: Order): void {
  switch (status) {
    case 'shipped':
    case 'delivered':
      return
    case 'refunding':
    case 'refunded':
      throw refused('order-already-refunded', `Order ${id} is refunded.`)
    default:
      throw refused('order-not-shipped', `Order ${id} is ${status}; it has not been shipped.`)
  }
}

const day = (since: Date, days: number): string =>
  new Date(since.getTime() + days * dayMs).toISOString().slice(0, 10)

export function ship(order: Order, now: Date): Change {
  if (order.status === 'shipped' || order.status === 'delivered') return unchanged(order)
  if (order.status !== 'confirmed')
    throw refused(
      'order-not-confirmed',
      `Order ${order.id} is ${order.status}; only a confirmed order ships.`,
    )
  const shipped = { ...order, shippedAt: now }
  return emitted(moved(shipped, 'shipped', 'handed to the carrier'), orderEvents.shipped)
}

export function deliver(order: Order, now: Date): Change {
  if (order.status === 'delivered') return unchanged(order)
  if (order.status !== 'shipped')
    throw refused(
      'order-not-shipped',
      `Order ${order.id} is ${order.status}; it has not been shipped.`,
    )
  const delivered = { ...order, deliveredAt: now }
  return emitted(moved(delivered, 'delivered', 'delivered'), orderEvents.delivered)
}

/** After the deadline, cancels an unconfirmed order: the saga compensates instead of retrying. */
export function expire(order: Order, now: Date): Change {
  const waiting = order.status === 'placed' || order.status === 'reserved'
  return waiting && now > order.deadlineAt ? cancelling(order, 'took-too-long') : unchanged(order)
}

/** Parks an order whose compensation keeps failing, until an operator resumes the order. */
export function park(order: Order, why: string): Change {
  if (!next(order)) return unchanged(order)
  return moved({ ...order, parkedFrom: order.status }, 'needs_attention', 'parked', why)
}

export function resume(order: Order): Change {
  if (order.status !== 'needs_attention')
    throw refused(
      'order-not-parked',
      `Order ${order.id} is ${order.status}; only a parked order can be resumed.`,
    )
  const { parkedFrom = 'cancelling', ...rest } = order
  return settled(moved(rest, parkedFrom, 'resumed by an operator'))
}

/** Starts the cancellation and frees the purchase: the customer may order again, for instance with another card. */
function cancelling(
  { purchase: _, ...order }: Order,
  reason: CancelReason,
  detail?: string,
): Change {
  return settled(moved({ ...order, reason }, 'cancelling', `cancelling: ${reason}`, detail))
}

/** Turns a cancelling order without open compensations into a cancelled one. */
function settled(change: Change): Change {
  if (change.order.status !== 'cancelling' || compensation(change.order)) return change
  return andThen(change, (order) => {
    const reason = order.reason ?? 'customer-request'
    return emitted(moved(order, 'cancelled', 'order cancelled'), (head) =>
      orderEvents.cancelled({ ...head, reason }),
    )
  })
}

function refunded(order: Order): Change {
  const amount = totalOf(order)
  const refunds = order.refunds.filter(({ status }) => status !== 'requested')
  const back: Order = { ...order, refundedTotal: amount, refunds }
  return emitted(moved(back, 'refunded', 'payment returned'), (head) =>
    orderEvents.refunded({ ...head, amount }),
  )
}

export const unchanged = (order: Order): Change => ({ order, entries: [], events: [] })

function moved(order: Order, status: OrderStatus, step: string, detail?: string): Change {
  const entry: Entry = { status, step, ...(detail && { detail }) }
  return { order: { ...order, status, version: order.version + 1 }, entries: [entry], events: [] }
}

const noted = (order: Order, step: string, detail?: string): Change =>
  moved(order, order.status, step, detail)

function andThen(first: Change, decide: (order: Order) => Change): Change {
  const second = decide(first.order)
  return {
    order: second.order,
    entries: [...first.entries, ...second.entries],
    events: [...first.events, ...second.events],
  }
}

type Head = { orderId: string; customerId: string; version: number }

function emitted(change: Change, emit: (head: Head) => OutboxMessage): Change {
  const { id, customerId, version } = change.order
  return { ...change, events: [...change.events, emit({ orderId: id, customerId, version })] }
}

function totalOf(order: Order): Money {
  if (!order.total) throw new Error(`order ${order.id} has no total in state ${order.status}`)
  return order.total
}

const reasons: Record<string, CancelReason> = {
  'out-of-stock': 'out-of-stock',
  'unknown-sku': 'unknown-sku',
  discontinued: 'discontinued',
}
const reasonFor = (code: string): CancelReason => reasons[code] ?? 'out-of-stock'
