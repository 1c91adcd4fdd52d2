import { euro } from '@sidecart/chassis/contract/money.ts'
import { describe, expect, it } from 'vitest'
import {
  approveReturn,
  cancel,
  charged,
  deliver,
  expire,
  goodsReturned,
  next,
  type Order,
  park,
  partReturned,
  place,
  receiveReturn,
  recordRefund,
  rejectReturn,
  released,
  requestPartialRefund,
  requestRefund,
  requestReturn,
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
const delivered = (): Order => deliver(ship(confirmed(), noon).order, noon).order
const steps = (change: { entries: { step: string }[] }): string[] =>
  change.entries.map(({ step }) => step)
const topics = (change: { events: { topic: string }[] }): string[] =>
  change.events.map(({ topic }) => topic)

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

  it('passes through charged and confirmed in one decision and emits one event', () => {
    const change = charged(holding(), { outcome: 'charged' })
    expect(change.entries.map(({ status }) => status)).toEqual(['charged', 'confirmed'])
    expect(topics(change)).toEqual(['orders-confirmed-v1'])
    expect(change.order.version).toBe(4)
  })

  it('ships and delivers, each once', () => {
    const shipped = ship(confirmed(), noon)
    expect(topics(shipped)).toEqual(['orders-shipped-v1'])
    expect(ship(shipped.order, noon).entries).toEqual([])
    const arrived = deliver(shipped.order, noon)
    expect(topics(arrived)).toEqual(['orders-delivered-v1'])
    expect(topics(deliver(arrived.order, noon))).toEqual([])
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
    const asked = requestRefund(confirmed(), 'customer').order
    expect(next(asked)).toMatchObject({ command: 'refund' })
    const done = returned(asked, { outcome: 'refunded' })
    expect(topics(done)).toEqual(['orders-refunded-v1'])
    expect(recordRefund(done.order, euro(2980)).entries).toEqual([])
  })

  it('goods that were not shipped go back in stock, once, anyone who returned the money', () => {
    const asked = returned(requestRefund(confirmed(), 'customer').order, { outcome: 'refunded' })
    const received = recordRefund(confirmed(), euro(2980))
    for (const { order } of [asked, received]) {
      expect(order.status).toBe('refunded')
      expect(next(order)).toEqual({ command: 'return goods' })
      const back = goodsReturned(order)
      expect(steps(back)).toEqual(['goods back in stock'])
      expect(next(back.order)).toBeUndefined()
      expect(goodsReturned(back.order).entries).toEqual([])
    }
  })

  it('goods that were shipped stay sold when an operator refunds them, until they have arrived', () => {
    const refundedOrder = returned(requestRefund(delivered(), 'operator').order, {
      outcome: 'refunded',
    }).order
    expect(next(refundedOrder)).toBeUndefined()
    const back = receiveReturn(refundedOrder, noon).order
    expect(next(back)).toEqual({ command: 'return goods' })
    expect(receiveReturn(goodsReturned(back).order, noon).entries).toEqual([])
  })

  it('a refund heard from payments refunds a delivered order', () => {
    const change = recordRefund(delivered(), euro(2980))
    expect(change.entries.map(({ status }) => status)).toEqual(['refunding', 'refunded'])
  })
})

describe('a refund in parts', () => {
  const part = (amount: number, refundId = 'r1') => ({
    refundId,
    amount: euro(amount),
    reason: 'a scratch',
  })
  const wanting = (amount: number, order = delivered()) =>
    requestPartialRefund(order, part(amount)).order

  it('is asked for, returned, summed, and leaves the order as it is', () => {
    const asked = wanting(980)
    expect(next(asked)).toMatchObject({ command: 'refund part', refund: { refundId: 'r1' } })
    const done = partReturned(asked, 'r1', { outcome: 'refunded', refundedTotal: euro(980) })
    expect(done.events).toEqual([])
    expect(done.order).toMatchObject({
      status: 'delivered',
      refundedTotal: euro(980),
      refunds: [{ refundId: 'r1', status: 'done' }],
    })
    expect(next(done.order)).toBeUndefined()
    expect(recordRefund(done.order, euro(980)).entries).toEqual([])
    expect(partReturned(done.order, 'r1', { outcome: 'refused', code: 'x' }).entries).toEqual([])
  })

  it('asked for twice is one', () => {
    expect(requestPartialRefund(wanting(980), part(980)).entries).toEqual([])
  })

  it('that leaves nothing refunds the order, and goods that were not shipped go back', () => {
    const asked = wanting(2980, confirmed())
    const done = partReturned(asked, 'r1', { outcome: 'refunded', refundedTotal: euro(2980) })
    expect(done.order.status).toBe('refunded')
    expect(topics(done)).toEqual(['orders-refunded-v1'])
    expect(next(done.order)).toEqual({ command: 'return goods' })
  })

  it('that was made at the provider is summed, whatever state the refund of the order is in', () => {
    for (const order of [delivered(), requestRefund(delivered(), 'operator').order]) {
      const received = recordRefund(order, euro(500))
      expect(received.order).toMatchObject({ status: order.status, refundedTotal: euro(500) })
    }
  })

  it('at the provider, of all, gets a parked refund out of its parking place', () => {
    const parked = park(requestRefund(confirmed(), 'customer').order, '422').order
    expect(recordRefund(parked, euro(500)).order.status).toBe('needs_attention')
    const received = recordRefund(parked, euro(2980))
    expect(received.entries.map(({ status }) => status)).toEqual(['refunding', 'refunded'])
    expect(next(received.order)).toEqual({ command: 'return goods' })
  })

  it('that the payment refuses is no longer asked for', () => {
    const refusedPart = partReturned(wanting(980), 'r1', {
      outcome: 'refused',
      code: 'more-than-left',
    })
    expect(next(refusedPart.order)).toBeUndefined()
    expect(requestPartialRefund(refusedPart.order, part(2980, 'r2')).entries).toHaveLength(1)
  })

  it('does not keep the rest from going back', () => {
    const asked = requestRefund(wanting(980), 'operator').order
    expect(next(asked)).toMatchObject({ command: 'refund' })
    const done = returned(asked, { outcome: 'refunded' }).order
    expect(done).toMatchObject({ status: 'refunded', refundedTotal: euro(2980), refunds: [] })
  })

  it.each([
    ['more than was paid', () => wanting(2981), 'refund-exceeds-payment'],
    [
      'more than others have left',
      () => requestPartialRefund(wanting(980), part(2001, 'r2')),
      'refund-exceeds-payment',
    ],
    ['before it is paid', () => wanting(1, holding()), 'order-not-confirmed'],
    [
      'after all was returned',
      () => wanting(1, requestRefund(confirmed(), 'customer').order),
      'order-already-refunded',
    ],
    [
      'with another amount under the same key',
      () => requestPartialRefund(wanting(980), part(981)),
      'idempotency-key-reused',
    ],
  ])('is refused %s', (_, decide, code) => {
    expect(decide).toThrow(expect.objectContaining({ code }))
  })
})

describe('a return', () => {
  const inDays = (days: number) => new Date(noon.getTime() + days * 86_400_000)
  const asked = () => requestReturn(delivered(), 'too small', inDays(30), 30)

  it('is asked for within the period, approved, and refunded when the goods have arrived', () => {
    const approved = approveReturn(asked().order, noon)
    expect(next(approved.order)).toBeUndefined()
    const received = receiveReturn(approved.order, noon)
    expect(steps(received)).toEqual(['return received', 'refund requested'])
    expect(next(received.order)).toMatchObject({ command: 'refund' })
    const paid = returned(received.order, { outcome: 'refunded' }).order
    expect(paid).toMatchObject({ status: 'refunded', goodsReturn: { status: 'received' } })
    expect(next(paid)).toEqual({ command: 'return goods' })
  })

  it('is asked for once', () => {
    expect(requestReturn(asked().order, 'again', noon, 30).entries).toEqual([])
  })

  it('counts from the shipping when no delivery was recorded', () => {
    const shipped = ship(confirmed(), noon).order
    expect(requestReturn(shipped, undefined, inDays(30), 30).entries).toHaveLength(1)
    expect(() => requestReturn(shipped, undefined, inDays(31), 30)).toThrow(
      expect.objectContaining({ code: 'return-period-over' }),
    )
  })

  it('that is late or was rejected can still be approved by an operator', () => {
    expect(approveReturn(delivered(), inDays(400)).order.goodsReturn?.status).toBe('approved')
    const rejected = rejectReturn(asked().order, 'it was worn').order
    expect(rejected.goodsReturn).toMatchObject({ status: 'rejected', answer: 'it was worn' })
    expect(approveReturn(rejected, noon).order.goodsReturn?.status).toBe('approved')
  })

  it.each([
    [
      'after the period',
      () => requestReturn(delivered(), '', inDays(400), 30),
      'return-period-over',
    ],
    ['before it was shipped', () => requestReturn(confirmed(), '', noon, 30), 'order-not-shipped'],
    [
      'again after it was rejected',
      () => requestReturn(rejectReturn(asked().order, 'worn').order, '', noon, 30),
      'return-rejected',
    ],
    ['without being approved', () => receiveReturn(asked().order, noon), 'return-not-approved'],
    ['without being asked for', () => rejectReturn(delivered(), 'no'), 'return-not-requested'],
    [
      'as a refund by its customer',
      () => requestRefund(delivered(), 'customer'),
      'return-required',
    ],
    [
      'when it never left the house',
      () =>
        receiveReturn(
          returned(requestRefund(confirmed(), 'customer').order, { outcome: 'refunded' }).order,
          noon,
        ),
      undefined,
    ],
  ])('does not happen %s', (_, decide, code) => {
    if (code === undefined) expect(decide()).toMatchObject({ entries: [] })
    else expect(decide).toThrow(expect.objectContaining({ code }))
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
      () => cancel(ship(confirmed(), noon).order, 'customer-request'),
      'order-already-shipped',
    ],
    ['ship an order that is not confirmed', () => ship(holding(), noon), 'order-not-confirmed'],
    ['deliver an order that is not shipped', () => deliver(confirmed(), noon), 'order-not-shipped'],
    [
      'refund an order that is not paid',
      () => requestRefund(holding(), 'customer'),
      'order-not-confirmed',
    ],
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
