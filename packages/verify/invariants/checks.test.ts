import { describe, expect, it } from 'vitest'
import { checks, runChecks } from './checks.ts'
import type { Snapshot } from './snapshot.ts'
import { letter, one, payment, refundedInPart, returned, sound, two } from './testing.ts'

const red = (world: Snapshot): string[] =>
  runChecks(world)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name)

type Harm = [what: string, harm: (world: Snapshot) => unknown, noticed: string[]]

/** A corruption of the snapshot and the checks bound to detect the corruption. */
const harms: Harm[] = [
  [
    'an order hangs',
    (w) => Object.assign(first(w.orders), { status: 'reserved', overdueSeconds: -1 }),
    ['orders-terminal', 'histories-legal', 'stock-follows-orders'],
  ],
  [
    'an order is parked',
    (w) => Object.assign(first(w.orders), { status: 'needs_attention' }),
    ['orders-terminal', 'histories-legal', 'stock-follows-orders'],
  ],
  [
    'an order at rest is driven on',
    (w) => Object.assign(first(w.orders), { overdueSeconds: -1 }),
    ['orders-driven'],
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
  [
    'a cancelled order keeps the money',
    (w) => w.provider.pop(),
    ['undone-orders-net-zero', 'provider-agrees'],
  ],
  [
    'a charge nobody ordered',
    (w) => w.payments.push(payment('order-9', 'voided', null, null)),
    ['no-unknown-charges'],
  ],
  [
    'a charge is left in doubt',
    (w) => Object.assign(first(w.payments), { status: 'pending' }),
    [
      'no-unknown-charges',
      'provider-agrees',
      'ledger-balanced',
      // notifications: optional
      'events-processed',
      'inboxes-full',
      // /notifications
    ],
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
    'more is sold than reserved',
    (w) => [w.stock, w.movements].map((rows) => Object.assign(first(rows), { sold: 3 })),
    ['stock-adds-up'],
  ],
  [
    'more is sold than ordered',
    (w) => Object.assign(first(first(w.reservations).lines), { quantity: 3 }),
    ['stock-follows-orders'],
  ],
  [
    'a cancelled order keeps its stock',
    (w) => {
      Object.assign(w.reservations[1] ?? {}, { status: 'reserved' })
      w.moves.pop()
    },
    ['stock-follows-orders'],
  ],
  ['an order is confirmed without stock', (w) => w.reservations.shift(), ['stock-follows-orders']],
  [
    'an event is applied twice to the stock',
    (w) => Object.assign(first(w.moves), { times: 2 }),
    ['stock-moved-once'],
  ],
  // notifications: optional
  [
    'an event is applied twice by notifications',
    (w) => w.notices.push({ ...first(w.notices) }),
    ['events-processed'],
  ],
  ['an event is lost', (w) => w.notices.pop(), ['events-processed']],
  ['an event about a user is lost', (w) => w.contacts.pop(), ['contacts-known']],
  [
    'a mail goes to an address that is not confirmed',
    (w) => Object.assign(first(w.contacts), { mailedEarly: 1 }),
    ['mails-to-confirmed'],
  ],
  // /notifications
  [
    'an event is received under two names, or its mark is lost',
    (w) => w.inboxes.map((inbox) => (inbox.received += inbox.service === 'orders' ? 1 : -1)),
    ['inboxes-full'],
  ],
  // notifications: optional
  ['a mail comes twice', (w) => w.mails.push({ ...first(w.mails) }), ['mails-once']],
  [
    'a mail comes that is not on record',
    (w) => w.mails.push({ ...first(w.mails), orderId: two }),
    ['mails-once'],
  ],
  [
    'a mail is forgotten',
    (w) => Object.assign(first(w.notices), { status: 'pending', sinceSeconds: 31 }),
    ['mails-going-out'],
  ],
  [
    'a mail is being sent for ever',
    (w) => Object.assign(first(w.notices), { status: 'sending', sinceSeconds: 91 }),
    ['mails-going-out'],
  ],
  // /notifications
  ['an event is stuck', (w) => Object.assign(first(w.outboxes), { depth: 1 }), ['outboxes-empty']],
  [
    'an event could not be handled',
    (w) => w.deadLetters.push(letter('another')),
    ['dead-letters-expected'],
  ],
  ['poison was swallowed', (w) => w.deadLetters.pop(), ['dead-letters-expected']],
  [
    'an accepted order is lost',
    (w) => Object.assign(first(w.orders), { id: 'order-3', key: 'key of nothing' }),
    [
      'accepted-orders-exist',
      'orders-asked-for',
      'histories-legal',
      'kept-orders-charged-once',
      'no-unknown-charges',
      'stock-follows-orders',
    ],
  ],
  [
    'an order is over something else than was asked',
    (w) => Object.assign(first(w.record.asked), { lines: [{ sku: 'MUG', quantity: 20 }] }),
    ['accepted-orders-exist'],
  ],
  ['an order comes from nowhere', (w) => w.record.asked.shift(), ['orders-asked-for']],
  [
    'one key becomes two orders',
    (w) => w.orders.map((order) => Object.assign(order, { key: 'key of nothing' })),
    ['orders-asked-for', 'accepted-orders-exist'],
  ],
  [
    'a repeated request is answered differently',
    (w) => Object.assign(w.record.answers[1] ?? {}, { response: '{}' }),
    ['repeats-answered-alike'],
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

  it('is content with goods that are back after a refund, before or after the sale was recorded', () => {
    expect(red(returned())).toEqual([])
    const fast = returned()
    fast.moves = fast.moves.filter(({ orderId, kind }) => orderId !== one || kind !== 'sold')
    expect(red(fast)).toEqual([])
  })

  it.each<Harm>([
    [
      'goods that were never shipped are not given back',
      (w) => {
        Object.assign(first(w.orders), { goods: 'held' })
        Object.assign(first(w.reservations), { status: 'sold' })
        w.moves = w.moves.filter(({ kind }) => kind !== 'returned')
        for (const rows of [w.stock, w.movements, w.promised])
          Object.assign(first<object>(rows), { onHand: 8, sold: 2 })
      },
      ['stock-follows-orders'],
    ],
    [
      'the catalogue has lost a return',
      (w) => Object.assign(first(w.reservations), { status: 'sold' }),
      ['stock-follows-orders', 'stock-moved-once'],
    ],
    [
      'goods are given back twice',
      (w) => Object.assign(w.moves.find(({ kind }) => kind === 'returned') ?? {}, { times: 2 }),
      ['stock-moved-once'],
    ],
    [
      'goods of an order that is kept are given back',
      (w) => {
        Object.assign(first(w.orders), { status: 'confirmed', goods: 'held' })
      },
      ['histories-legal', 'kept-orders-charged-once', 'stock-follows-orders'],
    ],
  ])('notices when %s', (_, harm, noticed) => {
    const world = returned()
    harm(world)
    expect(red(world).sort()).toEqual([...noticed].sort())
  })

  it('is content with a part that went back', () => {
    expect(red(refundedInPart())).toEqual([])
  })

  it.each<Harm>([
    [
      'a part goes back that orders does not know',
      (w) => Object.assign(first(w.orders), { refundedTotal: 0 }),
      ['kept-orders-charged-once'],
    ],
    [
      'a part goes back at the provider that nobody here knows',
      (w) => w.provider.push({ effect: 'refunded', refund: 're_3', charge: 'ch_1', amount: 50 }),
      ['kept-orders-charged-once', 'provider-agrees'],
    ],
    ['the ledger lacks a part', (w) => w.ledger.splice(-2, 2), ['ledger-balanced']],
    [
      'a part is being returned for ever',
      (w) => first(w.payments).refunds.push({ amount: 50, status: 'asked' }),
      ['no-unknown-charges'],
    ],
    [
      'an event of a part is lost on the way to orders',
      (w) => Object.assign(first(w.inboxes), { received: 1 }),
      ['inboxes-full'],
    ],
    [
      'all went back, and the order is kept',
      (w) => {
        Object.assign(first(w.orders), { refundedTotal: 500 })
        Object.assign(first(first(w.payments).refunds), { amount: 500 })
        Object.assign(w.provider.at(-1) ?? {}, { amount: 500 })
        for (const line of w.ledger.slice(-2)) line.amount = 500
      },
      ['kept-orders-charged-once'],
    ],
  ])('notices when %s', (_, harm, noticed) => {
    const world = refundedInPart()
    harm(world)
    expect(red(world).sort()).toEqual([...noticed].sort())
  })

  it('names the ids, shows some and keeps all', () => {
    const world = sound()
    world.outboxes = Array.from({ length: 7 }, (_, n) => ({
      service: `s${n}`,
      depth: 1,
      oldestSeconds: 5,
    }))
    const found = runChecks(world).find(({ name }) => name === 'outboxes-empty')
    expect(found?.detail).toMatch(/1 events wait in s0, the oldest for 5 s; .* … and 2 more/)
    expect(found?.violations).toHaveLength(7)
  })

  // notifications: optional
  it('lets mails be held for an address that is not confirmed', () => {
    const world = sound()
    Object.assign(first(world.notices), { status: 'held', sinceSeconds: null })
    world.mails.pop()
    expect(red(world)).toEqual([])
  })

  it('has patience with mails that wait for their turn', () => {
    const world = sound()
    Object.assign(first(world.notices), { status: 'pending', sinceSeconds: 3600 })
    Object.assign(world.notices[1] ?? {}, { status: 'sent', sinceSeconds: 2 })
    expect(red(world)).toEqual([])
  })
  // /notifications

  it('leaves other customers’ orders to themselves', () => {
    const world = sound()
    world.record = { ...world.record, customers: [], asked: [], answers: [] }
    expect(red(world)).toEqual([])
  })
})
