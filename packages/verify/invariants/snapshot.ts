/**
 * Input of `verify`, read once: all databases, the provider's log, the mail catcher, and the client
 * journal. Amounts are minor units.
 */
export type Snapshot = {
  orders: OrderRow[]
  history: { orderId: string; version: number; status: string }[]
  products: { sku: string; version: number }[]
  stock: StockRow[]
  /** Sums per product over the stock ledger. */
  movements: StockRow[]
  /** Sums per product over active and sold reservations. */
  promised: Omit<StockRow, 'onHand'>[]
  /** Number of stock movements per order, product and kind. */
  moves: { orderId: string; sku: string; kind: string; times: number }[]
  reservations: { orderId: string; status: string; lines: Line[] }[]
  payments: {
    orderId: string
    status: string
    amount: number | null
    providerReference: string | null
    refundReference: string | null
    /**
     * Partial refunds, requested or done. The later full refund is `amount` less the partial
     * refunds done.
     */
    refunds: { amount: number; status: string; reference?: string }[]
  }[]
  ledger: {
    orderId: string
    movementId: string
    account: string
    side: 'debit' | 'credit'
    amount: number
  }[]
  provider: ProviderEffect[]
  /** Mails in the mail catcher with an order id. */
  mails: { to: string; subject: string; orderId: string }[]
  /** Mails about orders in the database of notifications. */
  notices: {
    orderId: string
    kind: string
    status: string
    /**
     * Seconds since `due_at` (negative if in the future), since the send started, or since the mail
     * was sent, depending on `status`.
     */
    sinceSeconds: number | null
  }[]
  /** Orders of which mails were deleted because of their age. */
  withoutNotices: string[]
  users: { userId: string; version: number; idleSeconds: number }[]
  /** The users that notifications knows, and how many mails went to their address before it was confirmed. */
  contacts: { userId: string; mailedEarly: number }[]
  /** How many events each consumer has marked as received. */
  inboxes: { service: string; received: number }[]
  outboxes: { service: string; depth: number; oldestSeconds: number }[]
  /** Events a service could not process: dead, or still being retried. */
  deadLetters: {
    service: string
    id: string
    topic: string
    cause: string
    triedAgain: boolean
    ageSeconds: number
  }[]
  record: ClientJournal
  /** Expected events per consumer from orders in earlier slices. */
  publishedInSlices?: Record<string, number>
}

export type Line = { sku: string; quantity: number }
type StockRow = { sku: string; onHand: number; reserved: number; sold: number }

export type OrderRow = {
  id: string
  customerId: string
  /** The Idempotency-Key of the request. */
  key: string
  status: string
  version: number
  total: number | null
  lines: Line[]
  /** Refunded total in the database of orders. */
  refundedTotal: number
  /** State of the goods in the database of orders; `returned` means back in stock. */
  goods: string
  /** Seconds since the last change. */
  idleSeconds: number
  /**
   * Seconds since the next saga step was due (negative if in the future); `null` if no step is
   * planned.
   */
  overdueSeconds: number | null
}

export type ProviderEffect =
  | { effect: 'captured'; charge: string; reference: string; amount: number }
  | { effect: 'refunded'; refund: string; charge: string; amount: number }
  | { effect: 'declined' | 'replayed' | 'failed' }

/** Requests and responses recorded by a client. */
export type ClientJournal = {
  customers: string[]
  asked: { customerId: string; key: string; lines: Line[] }[]
  answers: Answer[]
  /** Events corrupted on purpose, the only permitted dead letters. */
  poison: { service: string; id: string }[]
}

export type Answer = { customerId: string; key: string } & (
  | { outcome: 'accepted'; orderId: string; response: string }
  | { outcome: 'refused'; why: string }
  /** The client does not know whether the order was accepted. */
  | { outcome: 'unknown'; why: string }
)

export const emptySnapshot = (): Snapshot => ({
  orders: [],
  history: [],
  products: [],
  stock: [],
  movements: [],
  promised: [],
  moves: [],
  reservations: [],
  payments: [],
  ledger: [],
  provider: [],
  mails: [],
  notices: [],
  users: [],
  contacts: [],
  withoutNotices: [],
  inboxes: [],
  outboxes: [],
  deadLetters: [],
  record: { customers: [], asked: [], answers: [], poison: [] },
})
