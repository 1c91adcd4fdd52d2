/** Everything that `verify` looks at, read once: all databases, the provider's own log, the mail catcher. Amounts are minor units. */
export type World = {
  orders: OrderRow[]
  history: { orderId: string; version: number; status: string }[]
  stock: { sku: string; onHand: number; reserved: number; sold: number }[]
  /** Sums per product over the stock ledger. */
  movements: { sku: string; onHand: number; reserved: number; sold: number }[]
  reservations: { orderId: string; status: string; lines: { sku: string; quantity: number }[] }[]
  payments: {
    orderId: string
    status: string
    amount: number | null
    providerReference: string | null
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
  outboxes: { service: string; depth: number }[]
  deadLetters: { service: string; id: string; topic: string; cause: string }[]
}

export type OrderRow = {
  id: string
  status: string
  version: number
  total: number | null
  lines: { sku: string; quantity: number }[]
}

export type ProviderEffect =
  | { effect: 'captured'; charge: string; reference: string; amount: number }
  | { effect: 'refunded'; refund: string; charge: string; amount: number }
  | { effect: 'declined' | 'replayed' | 'failed' }
