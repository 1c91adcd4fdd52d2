import { describe, expect, it } from 'vitest'
import { checks, runChecks } from './checks.ts'
import type { World } from './world.ts'

const one = 'order-1'
const two = 'order-2'

/** A shop in which everything is right: one confirmed order, one cancelled after its charge was returned. */
const sound = (): World => ({
  orders: [
    { id: one, status: 'confirmed', version: 4, total: 500, lines: [{ sku: 'MUG', quantity: 2 }] },
    { id: two, status: 'cancelled', version: 6, total: 250, lines: [{ sku: 'MUG', quantity: 1 }] },
  ],
  history: [
    ...path(one, 'placed', 'reserved', 'charged', 'confirmed'),
    ...path(two, 'placed', 'reserved', 'cancelling', 'cancelling', 'cancelling', 'cancelled'),
  ],
  stock: [{ sku: 'MUG', onHand: 8, reserved: 0, sold: 2 }],
  movements: [{ sku: 'MUG', onHand: 8, reserved: 0, sold: 2 }],
  reservations: [
    { orderId: one, status: 'sold', lines: [{ sku: 'MUG', quantity: 2 }] },
    { orderId: two, status: 'released', lines: [{ sku: 'MUG', quantity: 1 }] },
  ],
  payments: [
    { orderId: one, status: 'charged', amount: 500, providerReference: 'ch_1' },
    { orderId: two, status: 'refunded', amount: 250, providerReference: 'ch_2' },
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
  outboxes: [{ service: 'orders', depth: 0 }],
  deadLetters: [],
})

function path(orderId: string, ...states: string[]): World['history'] {
  return states.map((status, index) => ({ orderId, status, version: index + 1 }))
}

function movement(
  movementId: string,
  orderId: string,
  amount: number,
  kind: 'charge' | 'refund',
): World['ledger'] {
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

const red = (world: World): string[] =>
  runChecks(world)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name)

/** What can go wrong, and which checks must notice. */
const harms: [what: string, harm: (world: World) => unknown, noticed: string[]][] = [
  [
    'an order hangs',
    (w) => Object.assign(first(w.orders), { status: 'reserved' }),
    ['orders-terminal', 'histories-legal', 'stock-follows-orders'],
  ],
  [
    'an order jumps',
    (w) =>
      Object.assign(w.history.find(({ version }) => version === 2) ?? {}, { status: 'placed' }),
    ['histories-legal'],
  ],
  ['a step of history is missing', (w) => w.history.splice(1, 1), ['histories-legal']],
  [
    'a card is charged twice',
    (w) => w.provider.push({ effect: 'captured', charge: 'ch_9', reference: one, amount: 500 }),
    ['kept-orders-charged-once', 'provider-agrees'],
  ],
  [
    'a confirmed order was never charged',
    (w) => w.provider.shift(),
    ['kept-orders-charged-once', 'provider-agrees'],
  ],
  [
    'too little is charged',
    (w) => Object.assign(first(w.provider), { amount: 499 }),
    ['kept-orders-charged-once', 'provider-agrees'],
  ],
  ['a cancelled order keeps the money', (w) => w.provider.pop(), ['undone-orders-net-zero']],
  [
    'a charge nobody ordered',
    (w) =>
      w.payments.push({
        orderId: 'order-9',
        status: 'voided',
        amount: null,
        providerReference: null,
      }),
    ['no-unknown-charges'],
  ],
  [
    'a charge is left in doubt',
    (w) => Object.assign(first(w.payments), { status: 'pending' }),
    ['no-unknown-charges', 'provider-agrees', 'ledger-balanced'],
  ],
  ['a ledger line is lost', (w) => w.ledger.pop(), ['ledger-balanced']],
  ['a whole movement is lost', (w) => w.ledger.splice(0, 2), ['ledger-balanced']],
  [
    'a product is sold twice',
    (w) => Object.assign(first(w.stock), { onHand: 9 }),
    ['stock-adds-up'],
  ],
  [
    'stock goes below zero',
    (w) => [w.stock, w.movements].map((rows) => Object.assign(first(rows), { onHand: -1 })),
    ['stock-adds-up'],
  ],
  [
    'more is sold than ordered',
    (w) => [w.stock, w.movements].map((rows) => Object.assign(first(rows), { sold: 3 })),
    ['stock-follows-orders'],
  ],
  [
    'a cancelled order keeps its stock',
    (w) => Object.assign(w.reservations[1] ?? {}, { status: 'reserved' }),
    ['stock-follows-orders'],
  ],
  ['a mail comes twice', (w) => w.mails.push({ ...first(w.mails) }), ['mails-once']],
  ['a fact is stuck', (w) => Object.assign(first(w.outboxes), { depth: 1 }), ['outboxes-empty']],
  [
    'a fact could not be handled',
    (w) => w.deadLetters.push({ service: 'carts', id: 'e', topic: 't', cause: 'c' }),
    ['no-dead-letters'],
  ],
]

function first<T>(rows: readonly T[]): T {
  if (rows[0] === undefined) throw new Error('the sound world has no such row')
  return rows[0]
}

describe('verify', () => {
  it('is content with a sound shop', () => {
    expect(red(sound())).toEqual([])
  })

  it.each(harms)('notices when %s', (_, harm, noticed) => {
    const world = sound()
    harm(world)
    expect(red(world).sort()).toEqual([...noticed].sort())
  })

  it('every check can fail', () => {
    const covered = new Set(harms.flatMap(([, , noticed]) => noticed))
    expect(checks.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([])
  })

  it('names the ids and counts what it does not show', () => {
    const world = sound()
    world.outboxes = Array.from({ length: 7 }, (_, n) => ({ service: `s${n}`, depth: 1 }))
    expect(runChecks(world).find(({ name }) => name === 'outboxes-empty')?.detail).toMatch(
      /1 facts wait in s0; .* … and 2 more/,
    )
  })
})
