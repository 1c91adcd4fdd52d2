/** A safeguard switched off in the copy of the shop: the lines that it is made of, and what must then go wrong. */
export type Sabotage = {
  safeguard: string
  file: string
  /** Texts that are in the file exactly once, and what replaces them. */
  lines: readonly (readonly [from: string, to: string])[]
  /** What else stands in the way, by the database in which it is: a second safeguard behind the first. */
  constraint?: { service: 'catalog' | 'orders'; sql: string }
  /** Where a crash makes the difference, `service: point`. */
  crash?: string
  /** Who runs the code. */
  services: readonly string[]
  /** The check that has to find it. */
  check: string
  /** How long the finding has to stay, because for a while it is nothing unusual. */
  staysMs?: number
}

export const sabotages: readonly Sabotage[] = [
  {
    safeguard: 'the inbox: a fact that comes twice is recognised',
    file: 'chassis/inbox.ts',
    lines: [['event_id: eventId', 'event_id: crypto.randomUUID()']],
    crash: 'notifications: before answering POST /events/orders-placed-v1',
    services: ['notifications'],
    check: 'inboxes-full',
  },
  {
    safeguard: 'the outbox: a fact commits with what made it true',
    file: 'chassis/database.ts',
    lines: [
      ['await store(transaction as unknown as Transaction<MessagingTables>, announced)', '{}'],
      [
        'if (announced.length > 0) for (',
        'if (announced.length > 0) await store(rows as never, announced)\n    for (',
      ],
    ],
    crash: 'orders: after the commit of orders-confirmed-v1',
    services: ['orders'],
    check: 'facts-heard',
  },
  {
    safeguard: 'the compensation: what a cancelled order has taken is given back',
    file: 'services/orders/domain.ts',
    lines: [
      [
        'function compensation(order: Order): Step | undefined {',
        'function compensation(order: Order): Step | undefined {\n  if (order.id) return undefined',
      ],
    ],
    services: ['orders'],
    check: 'undone-orders-net-zero',
  },
  {
    safeguard: 'a charge of unknown outcome is asked about, never guessed',
    file: 'services/orders/domain.ts',
    lines: [
      ["order.charge === 'asked' || order.charge === 'charged'", "order.charge === 'charged'"],
    ],
    services: ['orders'],
    check: 'undone-orders-net-zero',
  },
  {
    safeguard: 'the recovery: whoever finds an order that nobody drives takes it over',
    file: 'services/orders/saga.ts',
    lines: [['if (room <= 0) return false', 'if (room) return false']],
    crash: 'orders: after the commit of orders-placed-v1',
    services: ['orders'],
    check: 'orders-terminal',
    staysMs: 10_000, // longer than the lease of an order whose driver has died
  },
  {
    safeguard: 'the idempotency record: a repeated key is the same order',
    file: 'services/orders/store.ts',
    lines: [
      [".onConflict((conflict) => conflict.constraint('orders_idempotency_key').doNothing())", ''],
    ],
    constraint: {
      service: 'orders',
      sql: 'alter table orders drop constraint orders_idempotency_key',
    },
    services: ['orders'],
    check: 'orders-asked-for',
  },
  {
    safeguard: 'the provider’s key: a charge asked again is the same charge',
    file: 'services/payments/cashier.ts',
    lines: [['provider.charge(orderId,', 'provider.charge(crypto.randomUUID(),']],
    crash: 'payments: after the provider was asked for charges',
    services: ['payments'],
    check: 'kept-orders-charged-once',
  },
  {
    safeguard: 'the claim of a mail: one that may have been sent is not sent again',
    file: 'services/notifications/store.ts',
    lines: [["set status = 'sending', attempts", 'set status = mails.status, attempts']],
    crash: 'notifications: after sending to email',
    services: ['notifications'],
    check: 'mails-once',
  },
  {
    safeguard: 'the stock check: what is not there is not promised',
    file: 'services/catalog/store/reserve.ts',
    lines: [["when on_hand < quantity then 'out-of-stock'", '']],
    constraint: {
      service: 'catalog',
      sql: 'alter table stock drop constraint stock_on_hand_check',
    },
    services: ['catalog'],
    check: 'stock-adds-up',
  },
]
