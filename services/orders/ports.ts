import type { Money } from '@sidecart/chassis/contract/money.ts'
import type { Tx } from '@sidecart/chassis/persistence/database.ts'
import type { PostalAddress } from '@sidecart/users/contract.ts'
import type { CancelReason, GoodsReturn, HistoryEntry, OrderStatus, Sales } from './contract.ts'
import type {
  Change,
  ChargeOutcome,
  Line,
  Order,
  PartialRefundOutcome,
  RefundOutcome,
  ReserveOutcome,
} from './domain.ts'
import type { OrdersTables } from './store.ts'

/** The caller: a customer sees own orders, an operator all. */
export type Viewer = { userId: string; role: 'customer' | 'operator' }

/** Identifies repeats of one request by one client. */
export type IdempotencyKey = {
  key: string
  requestHash: string
  /** An existing order with the same purchase, from which the purchase passes to the new order. */
  again?: string | undefined
}

export type OrderList = {
  limit: number
  cursor?: string | undefined
  status?: readonly OrderStatus[] | undefined
  customerId?: string | undefined
  /** Orders of any of these customers. */
  customerIds?: readonly string[] | undefined
  /** The purchase of the order. */
  purchase?: string | undefined
  /** The name on the parcel, or the beginning or end of the order's id. */
  text?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
  goodsReturn?: GoodsReturn['status'] | undefined
  all: boolean
}

export type OrderStore = {
  /**
   * Stores a new order, or returns the order stored with the same key.
   * `leaseMs`: milliseconds for which this process alone drives the order; 0 leaves the order to the next claim.
   * @throws Refusal `idempotency-key-reused` when the key came with another request, or `duplicate-order` when
   * another order of the customer has the same purchase
   */
  place(
    change: Change,
    key: IdempotencyKey,
    leaseMs: number,
  ): Promise<{ order: Order; isNew: boolean }>
  /** Returns the order stored with a key, if any. @throws Refusal `idempotency-key-reused` */
  placedBefore(customerId: string, key: IdempotencyKey): Promise<Order | undefined>
  /** Locks the order, decides, and stores row, history and events together. @throws Refusal `not-found` */
  update(id: string, decide: (order: Order) => Change, viewer?: Viewer): Promise<Order>
  /**
   * The same for the outcome of a command, without reading the order again: if the order has changed since `known` was
   * read, decides again on the locked order.
   *
   * @param failures failed attempts at the command before
   */
  record(known: Order, failures: number, decide: (order: Order) => Change): Promise<Order>
  /** The same within an open transaction; a missing order is ignored. */
  updateWithin(tx: Tx<OrdersTables>, id: string, decide: (order: Order) => Change): Promise<void>
  find(id: string, viewer: Viewer): Promise<Order | undefined>
  history(id: string): Promise<HistoryEntry[]>
  list(viewer: Viewer, list: OrderList): Promise<Order[]>
  /** Leases up to `limit` due orders for `leaseMs`, skipping leased ones. */
  claim(limit: number, leaseMs: number): Promise<ClaimedOrder[]>
  /** Returns the number of unfinished orders per customer. */
  underWay(): Promise<ReadonlyMap<string, number>>
  /** Ends the lease and schedules the next attempt in `delayMs`. */
  postpone(id: string, delayMs: number, attempts: number): Promise<void>
}

/** An order leased to this process, with the trace context of the request that it came from. */
export type ClaimedOrder = { order: Order; attempts: number; traceparent?: string }

/** An unfinished order. */
export type OpenOrder = {
  order: Order
  failures: number
  nextAttemptAt: Date | null
  lastStep: string
  lastDetail: string | null
}

export type Overview = {
  /** Returns unfinished orders, parked ones first. */
  sagas(): Promise<OpenOrder[]>
  /** Returns the number of unfinished orders of every unfinished status. */
  openByStatus(): Promise<ReadonlyMap<OrderStatus, number>>
  /** Returns totals of the orders since `from`, per interval of `seconds`. */
  sales(
    from: Date,
    seconds: number,
    stretches: number,
  ): Promise<{ sales: Sales[]; reasons: { reason: CancelReason; orders: number }[] }>
}

export type UsersClient = {
  /** Returns a copy, or undefined when this user has no such address. @throws Fault when users does not respond */
  savedAddress(userId: string, addressId: string): Promise<PostalAddress | undefined>
  /** Returns the ids of the accounts with an e-mail in normal form. @throws Fault when users does not respond */
  accountsWith(email: string): Promise<string[]>
}

export type CatalogClient = {
  /** Returns the SKUs that do not exist. @throws Fault when catalog does not respond */
  unknown(skus: readonly string[]): Promise<string[]>
  /** Returns the lines at current prices, without unknown products. @throws Fault when catalog does not respond */
  price(lines: readonly Line[]): Promise<Required<Line>[]>
  reserve(orderId: string, lines: readonly Line[]): Promise<ReserveOutcome>
  release(orderId: string): Promise<void>
  /** Puts the goods of a refunded order back on hand. */
  returnGoods(orderId: string): Promise<void>
}

export type PaymentsClient = {
  charge(order: Order, amount: { amount: number; currency: 'EUR' }): Promise<ChargeOutcome>
  refund(orderId: string, reason: string): Promise<RefundOutcome>
  /** Refunds a part, once per refund id. */
  refundPart(
    orderId: string,
    refundId: string,
    amount: Money,
    reason: string,
  ): Promise<PartialRefundOutcome>
}
