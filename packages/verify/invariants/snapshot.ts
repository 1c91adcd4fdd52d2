/** Everything that `verify` looks at, read once: all databases, the provider's own log, the mail catcher, the driver's record. Amounts are minor units. */
export type Snapshot = {
  orders: OrderRow[]
  history: { orderId: string; version: number; status: string }[]
  products: { sku: string; version: number }[]
  stock: StockRow[]
  /** Sums per product over the stock ledger. */
  movements: StockRow[]
  /** Sums per product over what reservations hold and have sold. */
  promised: Omit<StockRow, 'onHand'>[]
  /** How often the stock ledger says that something happened to a product for an order. */
  moves: { orderId: string; sku: string; kind: string; times: number }[]
  reservations: { orderId: string; status: string; lines: Line[] }[]
  payments: {
    orderId: string
    status: string
    amount: number | null
    providerReference: string | null
    refundReference: string | null
    /** Parts that went back, or are asked for; what was left then is the amount less those that are done. */
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
  /** Mails in the catcher that speak of an order. */
  mails: { to: string; subject: string; orderId: string }[]
  /** What notifications has noted down about orders. */
  notices: {
    orderId: string
    kind: string
    status: string
    /** Since it was due (negative: it is not yet), since somebody began to send it, or since it was sent. */
    sinceSeconds: number | null
  }[]
  users: { userId: string; version: number; idleSeconds: number }[]
  /** The users that notifications knows. */
  contacts: { userId: string }[]
  /** How many events each consumer has marked as received. */
  inboxes: { service: string; received: number }[]
  outboxes: { service: string; depth: number; oldestSeconds: number }[]
  /** What a service could not handle, dead or still tried again. */
  deadLetters: {
    service: string
    id: string
    topic: string
    cause: string
    triedAgain: boolean
    ageSeconds: number
  }[]
  record: ClientJournal
  /** Events for each consumer that follow from orders which were looked at before. */
  saidInSlices?: Record<string, number>
}

export type Line = { sku: string; quantity: number }
type StockRow = { sku: string; onHand: number; reserved: number; sold: number }

export type OrderRow = {
  id: string
  customerId: string
  /** The Idempotency-Key that it was asked for with. */
  key: string
  status: string
  version: number
  total: number | null
  lines: Line[]
  /** What orders says went back. */
  refundedTotal: number
  /** What orders says of its goods: `returned` are on hand again. */
  goods: string
  /** Since it last changed. */
  idleSeconds: number
  /** Since somebody should have driven it on; negative: not yet due. `null`: nothing is planned for it. */
  overdueSeconds: number | null
}

export type ProviderEffect =
  | { effect: 'captured'; charge: string; reference: string; amount: number }
  | { effect: 'refunded'; refund: string; charge: string; amount: number }
  | { effect: 'declined' | 'replayed' | 'failed' }

/** What anyone who drove the shop says it asked and was answered. */
export type ClientJournal = {
  customers: string[]
  asked: { customerId: string; key: string; lines: Line[] }[]
  answers: Answer[]
  /** Events that were broken on purpose: the only dead letters there may be. */
  poison: { service: string; id: string }[]
}

export type Answer = { customerId: string; key: string } & (
  | { outcome: 'accepted'; orderId: string; said: string }
  | { outcome: 'refused'; why: string }
  /** Nobody knows whether the order was taken. */
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
  inboxes: [],
  outboxes: [],
  deadLetters: [],
  record: { customers: [], asked: [], answers: [], poison: [] },
})
