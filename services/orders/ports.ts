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

/** Who asks: a customer sees own orders, an operator all. */
export type Viewer = { userId: string; role: 'customer' | 'operator' }

/** A client's promise that a repeated request is the same request. */
export type IdempotencyKey = {
  key: string
  requestHash: string
  /** The order that may have the same purchase: it passes on to the new one. */
  again?: string | undefined
}

export type OrderList = {
  limit: number
  cursor?: string | undefined
  status?: readonly OrderStatus[] | undefined
  customerId?: string | undefined
  /** The purchase that the order stands for. */
  purchase?: string | undefined
  /** The name on the parcel, or an end of the order's id. */
  text?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
  goodsReturn?: GoodsReturn['status'] | undefined
  all: boolean
}

export type OrderStore = {
  /**
   * Stores a new order, or finds the one that the key stands for.
   * `leaseMs`: how long this process has it to itself; 0 leaves it to anyone who looks next.
   * @throws Refusal `idempotency-key-reused` when the key came with another request, or `duplicate-order` when
   * another order of the customer is over the same purchase
   */
  place(
    change: Change,
    key: IdempotencyKey,
    leaseMs: number,
  ): Promise<{ order: Order; isNew: boolean }>
  /** The order that a key stands for, if it stands for one. @throws Refusal `idempotency-key-reused` */
  placedBefore(customerId: string, key: IdempotencyKey): Promise<Order | undefined>
  /** Locks, decides, and stores row, history and events together. @throws Refusal `not-found` */
  update(id: string, decide: (order: Order) => Change, viewer?: Viewer): Promise<Order>
  /** The same within a transaction that is already open; a missing order is ignored. */
  updateWithin(tx: Tx<OrdersTables>, id: string, decide: (order: Order) => Change): Promise<void>
  find(id: string, viewer: Viewer): Promise<Order | undefined>
  history(id: string): Promise<HistoryEntry[]>
  list(viewer: Viewer, list: OrderList): Promise<Order[]>
  /** Takes up to `limit` orders that are due and that nobody drives, for `leaseMs`. */
  claim(limit: number, leaseMs: number): Promise<{ order: Order; attempts: number }[]>
  /** How many orders of each customer have not come to rest. */
  underWay(): Promise<ReadonlyMap<string, number>>
  /** Gives an order back to be tried again in `delayMs`. */
  postpone(id: string, delayMs: number, attempts: number): Promise<void>
}

/** An order that is not at rest. */
export type OpenOrder = {
  order: Order
  failures: number
  nextAttemptAt: Date | null
  lastStep: string
  lastDetail: string | null
}

export type Overview = {
  /** Those that wait for an operator first. */
  sagas(): Promise<OpenOrder[]>
  /** What the orders since `from` have come to, in stretches of so many seconds. */
  sales(
    from: Date,
    seconds: number,
    stretches: number,
  ): Promise<{ sales: Sales[]; reasons: { reason: CancelReason; orders: number }[] }>
}

export type UsersClient = {
  /** Returns a copy, or undefined when this user has no such address. @throws Fault when users does not answer */
  find(userId: string, addressId: string): Promise<PostalAddress | undefined>
}

export type CatalogClient = {
  /** The SKUs among these that do not exist. @throws Fault when the catalogue does not answer */
  unknown(skus: readonly string[]): Promise<string[]>
  /** The lines as they would be sold now, those of unknown products left out. @throws Fault when the catalogue does not answer */
  price(lines: readonly Line[]): Promise<Required<Line>[]>
  reserve(orderId: string, lines: readonly Line[]): Promise<ReserveOutcome>
  release(orderId: string): Promise<void>
  /** Puts the goods of a refunded order back on hand. */
  returnGoods(orderId: string): Promise<void>
}

export type PaymentsClient = {
  charge(order: Order, amount: { amount: number; currency: 'EUR' }): Promise<ChargeOutcome>
  refund(orderId: string, reason: string): Promise<RefundOutcome>
  /** Gives a part back, once per refund id. */
  refundPart(
    orderId: string,
    refundId: string,
    amount: Money,
    reason: string,
  ): Promise<PartialRefundOutcome>
}
