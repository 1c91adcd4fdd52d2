import type { OrderRow, Snapshot } from './snapshot.ts'

export const one = 'order-1'
export const two = 'order-2'
export const ada = 'ada'

/** A snapshot without violations: one confirmed order, and one cancelled after a refund. */
export const sound = (): Snapshot => ({
  orders: [order(one, 'confirmed', 4, 500, 2), order(two, 'cancelled', 6, 250, 1)],
  history: [
    ...path(one, 'placed', 'reserved', 'charged', 'confirmed'),
    ...path(two, 'placed', 'reserved', 'cancelling', 'cancelling', 'cancelling', 'cancelled'),
  ],
  products: [{ sku: 'MUG', version: 2 }],
  stock: [{ sku: 'MUG', onHand: 8, reserved: 0, sold: 2 }],
  movements: [{ sku: 'MUG', onHand: 8, reserved: 0, sold: 2 }],
  promised: [{ sku: 'MUG', reserved: 0, sold: 2 }],
  moves: [...moves(one, 'reserved', 'sold'), ...moves(two, 'reserved', 'released')],
  reservations: [
    { orderId: one, status: 'sold', lines: [{ sku: 'MUG', quantity: 2 }] },
    { orderId: two, status: 'released', lines: [{ sku: 'MUG', quantity: 1 }] },
  ],
  payments: [
    payment(one, 'charged', 500, 'ch_1'),
    { ...payment(two, 'refunded', 250, 'ch_2'), refundReference: 're_1' },
  ],
  ledger: [
    ...movement('m1', one, 500, 'charge'),
    ...movement('m2', two, 250, 'charge'),
    ...movement('m3', two, 250, 'refund'),
  ],
  provider: [
    { effect: 'captured', charge: 'ch_1', reference: one, amount: 500 },
    { effect: 'captured', charge: 'ch_2', reference: two, amount: 250 },
    { effect: 'replayed' },
    { effect: 'refunded', refund: 're_1', charge: 'ch_2', amount: 250 },
  ],
  mails: [{ to: 'ada@example.com', subject: 'Confirmed', orderId: one }],
  notices: [
    ...notices(one, 'sent', 'placed', 'confirmed'),
    ...notices(one, 'recorded', 'payment-charged'),
    ...notices(two, 'suppressed', 'placed', 'cancelled'),
    ...notices(two, 'recorded', 'payment-charged', 'payment-refunded'),
  ],
  users: [{ userId: ada, version: 1, idleSeconds: 3600 }],
  contacts: [{ userId: ada, mailedEarly: 0 }],
  withoutNotices: [],
  inboxes: [
    { service: 'orders', received: 1 },
    { service: 'catalog', received: 3 },
    { service: 'notifications', received: 8 },
  ],
  outboxes: [{ service: 'orders', depth: 0, oldestSeconds: 0 }],
  deadLetters: [letter('poison')],
  record: {
    customers: [ada],
    asked: [
      { customerId: ada, key: `key of ${one}`, lines: [{ sku: 'MUG', quantity: 2 }] },
      { customerId: ada, key: `key of ${two}`, lines: [{ sku: 'MUG', quantity: 1 }] },
      { customerId: ada, key: 'key of nothing', lines: [{ sku: 'MUG', quantity: 1 }] },
    ],
    answers: [
      { customerId: ada, key: `key of ${one}`, outcome: 'unknown', why: 'timed out' },
      accepted(one),
      accepted(one),
      accepted(two),
      { customerId: ada, key: 'key of nothing', outcome: 'refused', why: 'unknown-sku' },
    ],
    poison: [{ service: 'carts', id: 'poison' }],
  },
})

/** The same snapshot after a refund of the first order before shipping. */
export function returned(): Snapshot {
  const world = sound()
  const [first] = world.orders
  if (first)
    Object.assign(first, { status: 'refunded', version: 7, goods: 'returned', refundedTotal: 500 })
  const states = ['placed', 'reserved', 'charged', 'confirmed', 'refunding', 'refunded', 'refunded']
  return {
    ...world,
    history: [...path(one, ...states), ...world.history.filter(({ orderId }) => orderId !== one)],
    stock: [{ sku: 'MUG', onHand: 10, reserved: 0, sold: 0 }],
    movements: [{ sku: 'MUG', onHand: 10, reserved: 0, sold: 0 }],
    promised: [{ sku: 'MUG', reserved: 0, sold: 0 }],
    moves: [...moves(one, 'reserved', 'sold', 'returned'), ...moves(two, 'reserved', 'released')],
    reservations: world.reservations.map((each) =>
      each.orderId === one ? { ...each, status: 'returned' } : each,
    ),
    payments: world.payments.map((each) =>
      each.orderId === one ? { ...each, status: 'refunded', refundReference: 're_2' } : each,
    ),
    ledger: [...world.ledger, ...movement('m4', one, 500, 'refund')],
    provider: [
      ...world.provider,
      { effect: 'refunded', refund: 're_2', charge: 'ch_1', amount: 500 },
    ],
    notices: [
      ...world.notices,
      ...notices(one, 'sent', 'refunded'),
      ...notices(one, 'recorded', 'payment-refunded'),
    ],
    inboxes: [
      { service: 'orders', received: 2 },
      { service: 'catalog', received: 3 },
      { service: 'notifications', received: 10 },
    ],
  }
}

/** The same snapshot after a partial refund of the first order. */
export function refundedInPart(): Snapshot {
  const world = sound()
  const [first] = world.orders
  if (first) Object.assign(first, { refundedTotal: 200, version: 6 })
  const states = ['placed', 'reserved', 'charged', 'confirmed', 'confirmed', 'confirmed']
  return {
    ...world,
    history: [...path(one, ...states), ...world.history.filter(({ orderId }) => orderId !== one)],
    payments: world.payments.map((each) =>
      each.orderId === one
        ? { ...each, refunds: [{ amount: 200, status: 'done', reference: 're_2' }] }
        : each,
    ),
    ledger: [...world.ledger, ...movement('m4', one, 200, 'refund')],
    provider: [
      ...world.provider,
      { effect: 'refunded', refund: 're_2', charge: 'ch_1', amount: 200 },
    ],
    notices: [...world.notices, ...notices(one, 'recorded', 'payment-refunded')],
    inboxes: [
      { service: 'orders', received: 2 },
      { service: 'catalog', received: 3 },
      { service: 'notifications', received: 9 },
    ],
  }
}

function order(
  id: string,
  status: string,
  version: number,
  total: number,
  quantity: number,
): OrderRow {
  const lines = [{ sku: 'MUG', quantity }]
  const at = { idleSeconds: 3600, overdueSeconds: null, goods: 'held', refundedTotal: 0 }
  return { id, customerId: ada, key: `key of ${id}`, status, version, total, lines, ...at }
}

const path = (orderId: string, ...states: string[]): Snapshot['history'] =>
  states.map((status, index) => ({ orderId, status, version: index + 1 }))

const moves = (orderId: string, ...kinds: string[]): Snapshot['moves'] =>
  kinds.map((kind) => ({ orderId, sku: 'MUG', kind, times: 1 }))

export const payment = (
  orderId: string,
  status: string,
  amount: number | null,
  providerReference: string | null,
): Snapshot['payments'][number] => ({
  orderId,
  status,
  amount,
  providerReference,
  refundReference: null,
  refunds: [],
})

export const letter = (id: string): Snapshot['deadLetters'][number] => ({
  service: 'carts',
  id,
  topic: 't',
  cause: 'malformed',
  triedAgain: false,
  ageSeconds: 3600,
})

const notices = (orderId: string, status: string, ...kinds: string[]): Snapshot['notices'] =>
  kinds.map((kind) => ({ orderId, kind, status, sinceSeconds: 3600 }))

const accepted = (orderId: string): Snapshot['record']['answers'][number] => ({
  customerId: ada,
  key: `key of ${orderId}`,
  outcome: 'accepted',
  orderId,
  response: `{"orderId":"${orderId}"}`,
})

function movement(
  movementId: string,
  orderId: string,
  amount: number,
  kind: 'charge' | 'refund',
): Snapshot['ledger'] {
  const line = { movementId, orderId, amount }
  return kind === 'charge'
    ? [
        { ...line, account: 'provider-clearing', side: 'debit' },
        { ...line, account: 'revenue', side: 'credit' },
      ]
    : [
        { ...line, account: 'refunds', side: 'debit' },
        { ...line, account: 'provider-clearing', side: 'credit' },
      ]
}
