/** A safeguard disabled in the copy of the shop: the changed lines and the expected finding. */
export type Mutation = {
  safeguard: string
  file: string
  /** Texts occurring exactly once in the file, with their replacements. */
  lines: readonly (readonly [from: string, to: string])[]
  /** A second safeguard behind the first, by database: the SQL dropping it. */
  constraint?: { service: 'catalog'; sql: string }
  /** The crash needed to expose the mutation, `service: point`. */
  crash?: string
  /** The service running the code. */
  service: string
  /** The expected finding, with the name of the check. */
  finding: RegExp
  /** Minimum duration of the finding in milliseconds; a shorter one is normal. */
  staysMs: number
}

export const mutations: readonly Mutation[] = [
  // notifications: optional
  {
    safeguard: 'the inbox: an event that comes twice is recognised',
    file: 'packages/chassis/messaging/inbox.ts',
    lines: [['event_id: eventId', 'event_id: crypto.randomUUID()']],
    crash: 'notifications: before answering POST /events/orders-placed-v1',
    service: 'notifications',
    finding: /^inboxes-full: notifications .* only/,
    staysMs: 1_000,
  },
  // /notifications
  {
    safeguard: 'the outbox: an event commits with what made it true',
    file: 'packages/chassis/persistence/database.ts',
    lines: [
      ['if (emitted.length > 0) await announcement.store(outbox, emitted)', ''],
      [
        'announcement.commit()',
        'if (emitted.length > 0) await store(rows as never, emitted)\n    announcement.commit()',
      ],
    ],
    crash: 'orders: after the commit of orders-confirmed-v1',
    service: 'orders',
    finding: /^events-processed: never received: confirmed/,
    staysMs: 10_000, // longer than a redelivery
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
    service: 'orders',
    finding: /^undone-orders-net-zero: cancelled .* captured 1 times/,
    staysMs: 3_000,
  },
  {
    safeguard: 'the way back of goods that were not shipped, when their order is refunded',
    file: 'services/orders/domain.ts',
    lines: [
      [
        "const withGoodsComing = (order: Order): Order => ({ ...order, reservation: 'returning' })",
        'const withGoodsComing = (order: Order): Order => order',
      ],
    ],
    service: 'orders',
    finding: /^stock-follows-orders: .* never shipped, but its goods are not back/,
    staysMs: 3_000,
  },
  {
    safeguard: 'a charge of unknown outcome is asked about, never guessed',
    file: 'services/orders/domain.ts',
    lines: [
      ["order.charge === 'asked' || order.charge === 'charged'", "order.charge === 'charged'"],
    ],
    service: 'orders',
    finding: /^undone-orders-net-zero: cancelled .* captured 1 times/,
    staysMs: 3_000,
  },
  {
    safeguard: 'the recovery: anyone who finds an order that nobody drives takes it over',
    file: 'services/orders/saga.ts',
    lines: [['if (room <= 0) return false', 'if (room) return false']],
    crash: 'orders: after the commit of orders-placed-v1',
    service: 'orders',
    finding: /^orders-terminal: /,
    staysMs: 10_000, // longer than the lease of an order after a crash of its saga runner
  },
  {
    safeguard: 'the idempotency record: a repeated key is the same order',
    file: 'services/orders/store.ts',
    lines: [
      ['idempotency_key: key.key', 'idempotency_key: crypto.randomUUID()'],
      // the second safeguard: one purchase is one order
      ['purchase: order.purchase ?? null,', 'purchase: null,'],
    ],
    service: 'orders',
    finding: /^orders-asked-for: orders? /,
    staysMs: 1_000,
  },
  {
    safeguard: 'the provider’s key: a charge asked again is the same charge',
    file: 'services/payments/payment-service.ts',
    lines: [['provider.charge(orderId,', 'provider.charge(crypto.randomUUID(),']],
    crash: 'payments: after the provider was asked for charges',
    service: 'payments',
    finding: /^kept-orders-charged-once: .* captured 2 times/,
    staysMs: 1_000,
  },
  // notifications: optional
  {
    safeguard: 'the claim of a mail: one that may have been sent is not sent again',
    file: 'services/notifications/store.ts',
    lines: [
      [
        "set status = 'sending', attempts",
        "set status = 'pending', due_at = now() + interval '2 seconds', attempts",
      ],
      ["status in ('sending', 'unconfirmed')", "status in ('pending', 'unconfirmed')"],
    ],
    crash: 'notifications: after sending to email',
    service: 'notifications',
    finding: /^mails-once: 2 times/,
    staysMs: 1_000,
  },
  // /notifications
  {
    safeguard: 'the stock check: what is not there is not promised',
    file: 'services/catalog/store/reserve.ts',
    lines: [["when on_hand < quantity then 'out-of-stock'", '']],
    constraint: {
      service: 'catalog',
      sql: 'alter table stock drop constraint stock_on_hand_check',
    },
    service: 'catalog',
    finding: /^stock-adds-up: .*"onHand":-/,
    staysMs: 1_000,
  },
]
