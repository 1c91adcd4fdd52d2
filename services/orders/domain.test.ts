import { describe, expect, it } from 'vitest'
import { euro } from '../../chassis/money.ts'
import {
  cancel,
  charged,
  deliver,
  expire,
  next,
  type Order,
  park,
  place,
  refundHeard,
  released,
  requestRefund,
  reserved,
  resume,
  returned,
  ship,
} from './domain.ts'

const noon = new Date('2026-05-01T12:00:00Z')
const later = new Date('2026-05-01T12:10:00Z')
const shipTo = {
  name: 'Ada',
  street: 'Harbour Road 1',
  postalCode: '20457',
  city: 'Hamburg',
  country: 'DE',
}
const customer = '018f0000-0000-7000-8000-000000000001'
const request = { lines: [{ sku: 'MUG', quantity: 2 }], shipTo, card: 'card_approved' }
const stock = {
  outcome: 'reserved' as const,
  lines: [{ sku: 'MUG', quantity: 2, name: 'Mug', unitPrice: euro(1490) }],
  total: euro(2980),
}

const placed = (extra = {}): Order =>
  place('018f0000-0000-7000-8000-0000000000aa', customer, { ...request, ...extra }, noon, later)
    .order
const holding = (): Order => reserved(placed(), stock).order
const confirmed = (): Order => charged(holding(), { outcome: 'charged' }).order
const steps = (change: { entries: { step: string }[] }): string[] =>
  change.entries.map(({ step }) => step)
const topics = (change: { facts: { topic: string }[] }): string[] =>
  change.facts.map(({ topic }) => topic)

describe('the happy path', () => {
  it('asks for stock, then for the money, then is confirmed', () => {
    expect(next(placed())).toEqual({ command: 'reserve', lines: request.lines })
    expect(next(holding())).toEqual({
      command: 'charge',
      amount: euro(2980),
      card: 'card_approved',
    })
    expect(next(confirmed())).toBeUndefined()
  })

  it('passes through charged and confirmed in one decision and announces one fact', () => {
    const change = charged(holding(), { outcome: 'charged' })
    expect(change.entries.map(({ status }) => status)).toEqual(['charged', 'confirmed'])
    expect(topics(change)).toEqual(['orders-confirmed-v1'])
    expect(change.order.version).toBe(4)
  })

  it('ships and delivers, each once', () => {
    const shipped = ship(confirmed())
    expect(topics(shipped)).toEqual(['orders-shipped-v1'])
    expect(ship(shipped.order).entries).toEqual([])
    const delivered = deliver(shipped.order)
    expect(topics(delivered)).toEqual(['orders-delivered-v1'])
    expect(topics(deliver(delivered.order))).toEqual([])
  })
})

describe('a no', () => {
  it('out of stock cancels at once: there is nothing to undo', () => {
    const change = reserved(placed(), { outcome: 'refused', code: 'out-of-stock', sku: 'MUG' })
    expect(change.entries.map(({ status }) => status)).toEqual(['cancelling', 'cancelled'])
    expect(change.order.reason).toBe('out-of-stock')
    expect(topics(change)).toEqual(['orders-cancelled-v1'])
  })

  it('a declined card releases the stock before the order is cancelled', () => {
    const declined = charged(holding(), { outcome: 'declined', code: 'insufficient-funds' })
    expect(next(declined.order)).toEqual({ command: 'release' })
    const done = released(declined.order)
    expect(steps(done)).toEqual(['stock released', 'order cancelled'])
    expect(done.order.reason).toBe('card-declined')
  })

  it('a total other than expected is not charged', () => {
    const change = reserved(placed({ expectedTotal: euro(100) }), stock)
    expect(change.order.reason).toBe('price-changed')
    expect(next(change.order)).toEqual({ command: 'release' })
  })
})

describe('compensation', () => {
  it('returns the money first, then the stock', () => {
    const cancelling = cancel(holding(), 'customer-request').order
    expect(next(cancelling)).toMatchObject({ command: 'refund' })
    const back = returned(cancelling, { outcome: 'refunded' })
    expect(next(back.order)).toEqual({ command: 'release' })
    const done = released(back.order)
    expect([...steps(back), ...steps(done)]).toEqual([
      'payment returned',
      'stock released',
      'order cancelled',
    ])
  })

  it('a charge of unknown outcome is asked about, never guessed', () => {
    const waiting = expire(holding(), new Date(later.getTime() + 1)).order
    expect(waiting.charge).toBe('asked')
    expect(next(waiting)).toMatchObject({ command: 'refund' })
  })

  it('takes a charge that arrives after the cancellation and still returns it', () => {
    const cancelling = cancel(holding(), 'customer-request').order
    const paid = charged(cancelling, { outcome: 'charged' })
    expect(paid.order).toMatchObject({ status: 'cancelling', charge: 'charged' })
    expect(next(paid.order)).toMatchObject({ command: 'refund' })
  })

  it('ignores a charge answer that comes after the money is back', () => {
    const back = returned(cancel(holding(), 'customer-request').order, {
      outcome: 'nothing-to-refund',
    }).order
    expect(charged(back, { outcome: 'charged' }).entries).toEqual([])
  })

  it('releases a reservation of unknown outcome', () => {
    expect(next(cancel(placed(), 'customer-request').order)).toEqual({ command: 'release' })
  })

  it('a reservation that arrives after the release is not held again', () => {
    const done = released(cancel(placed(), 'customer-request').order).order
    expect(done.status).toBe('cancelled')
    expect(reserved(done, stock).entries).toEqual([])
  })

  it('that keeps failing parks the order, and an operator resumes where it was', () => {
    const cancelling = cancel(holding(), 'customer-request').order
    const parked = park(cancelling, 'payments: 409').order
    expect(parked.status).toBe('needs_attention')
    expect(next(parked)).toBeUndefined()
    expect(resume(parked).order.status).toBe('cancelling')
  })
})

describe('the deadline', () => {
  it('does nothing before it has passed', () => {
    expect(expire(placed(), later).entries).toEqual([])
  })

  it('does not touch a confirmed order', () => {
    expect(expire(confirmed(), new Date(later.getTime() + 1)).entries).toEqual([])
  })
})

describe('refunds', () => {
  it('a confirmed order is refunded once', () => {
    const asked = requestRefund(confirmed()).order
    expect(next(asked)).toMatchObject({ command: 'refund' })
    const done = returned(asked, { outcome: 'refunded' })
    expect(topics(done)).toEqual(['orders-refunded-v1'])
    expect(refundHeard(done.order).entries).toEqual([])
  })

  it('a refund heard from payments refunds a delivered order', () => {
    const change = refundHeard(deliver(ship(confirmed()).order).order)
    expect(change.entries.map(({ status }) => status)).toEqual(['refunding', 'refunded'])
  })
})

describe('refusals', () => {
  it.each([
    [
      'cancel a confirmed order',
      () => cancel(confirmed(), 'customer-request'),
      'order-already-confirmed',
    ],
    [
      'cancel a shipped order',
      () => cancel(ship(confirmed()).order, 'customer-request'),
      'order-already-shipped',
    ],
    ['ship an order that is not confirmed', () => ship(holding()), 'order-not-confirmed'],
    ['deliver an order that is not shipped', () => deliver(confirmed()), 'order-not-shipped'],
    ['refund an order that is not paid', () => requestRefund(holding()), 'order-not-confirmed'],
    ['resume an order that is not parked', () => resume(holding()), 'order-not-parked'],
  ])('nobody can %s', (_, decide, code) => {
    expect(decide).toThrow(expect.objectContaining({ code }))
  })
})

it('the version rises by one with every line of history', () => {
  const history = [
    place('018f0000-0000-7000-8000-0000000000aa', customer, request, noon, later),
    reserved(placed(), stock),
    charged(holding(), { outcome: 'charged' }),
  ]
  expect(history.flatMap(({ entries }) => entries)).toHaveLength(history.at(-1)?.order.version ?? 0)
})
