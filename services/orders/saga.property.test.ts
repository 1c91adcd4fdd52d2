import { euro } from '@sidecart/chassis/contract/money.ts'
import { Refusal } from '@sidecart/chassis/core/errors.ts'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  approveReturn,
  type Change,
  cancel,
  charged,
  expire,
  goodsReturned,
  next,
  type Order,
  park,
  partReturned,
  place,
  receiveReturn,
  recordRefund,
  released,
  requestPartialRefund,
  requestRefund,
  reserved,
  resume,
  returned,
  type Step,
  ship,
} from './domain.ts'

const start = new Date('2026-05-01T12:00:00Z').getTime()
const deadlineMs = 10_000
const request = {
  lines: [{ sku: 'MUG', quantity: 1 }],
  shipTo: { name: 'A', street: 'B', postalCode: '1', city: 'C', country: 'DE' },
  card: 'card_approved',
}

/** Events of an order's life, in any sequence. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('drive' as const),
      how: fc.constantFrom('answered', 'lost request', 'lost answer', 'late answer'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constantFrom('late answers arrive' as const, 'crash' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom(
        'customer cancels' as const,
        'customer wants a refund' as const,
        'provider refunds' as const,
        'operator ships' as const,
        'operator refunds' as const,
        'operator takes the goods back' as const,
        'operator returns a part' as const,
        'provider returns a part' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom('time passes' as const, 'compensation is parked' as const),
    }),
  },
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

const world = fc.record({ inStock: fc.boolean(), declines: fc.boolean() })

/** A model of catalog, payments and a stored order, following the contracts, on a virtual clock. */
function createModel({ inStock, declines }: { inStock: boolean; declines: boolean }) {
  const now = () => new Date(clock)
  let clock = start
  const first = place(
    '018f0000-0000-7000-8000-0000000000aa',
    '018f0000-0000-7000-8000-000000000001',
    request,
    now(),
    new Date(start + deadlineMs),
  )
  let order: Order = first.order
  const history = [...first.entries.map(({ status }) => status)]
  const events = first.events.map(({ topic }) => topic)
  const stock = { held: 0, released: false, returns: 0 }
  const parts = new Set<string>()
  let isShipped = false
  const money = { captured: 0, refunded: 0, voided: false, declined: false }
  let late: ((order: Order) => Change)[] = []

  function store(decide: (order: Order) => Change): void {
    const change = decide(order)
    expect(change.order.version).toBe(order.version + change.entries.length)
    order = change.order
    history.push(...change.entries.map(({ status }) => status))
    events.push(...change.events.map(({ topic }) => topic))
  }

  /** Applies a command in the other service and returns the resulting decision. Idempotent by order id. */
  function effect(step: Step): (order: Order) => Change {
    switch (step.command) {
      case 'reserve': {
        if (stock.released) return (o) => reserved(o, { outcome: 'refused', code: 'released' })
        if (!inStock)
          return (o) => reserved(o, { outcome: 'refused', code: 'out-of-stock', sku: 'MUG' })
        stock.held = 1
        return (o) =>
          reserved(o, {
            outcome: 'reserved',
            lines: [{ sku: 'MUG', quantity: 1, name: 'Mug', unitPrice: euro(500) }],
            total: euro(500),
          })
      }
      case 'charge': {
        if (money.voided || declines)
          return (o) =>
            charged(o, {
              outcome: 'declined',
              code: money.voided ? 'voided' : 'insufficient-funds',
            })
        money.captured = 5
        return (o) => charged(o, { outcome: 'charged' })
      }
      case 'refund': {
        if (money.captured === 0) {
          money.voided = true
          return (o) => returned(o, { outcome: 'nothing-to-refund' })
        }
        money.refunded = 5
        return (o) => returned(o, { outcome: 'refunded' })
      }
      case 'refund part': {
        const { refundId } = step.refund
        if (!parts.has(refundId) && money.refunded + 2 > 5)
          return (o) => partReturned(o, refundId, { outcome: 'refused', code: 'more-than-left' })
        if (!parts.has(refundId)) money.refunded += 2
        parts.add(refundId)
        const refundedTotal = euro(money.refunded * 100)
        return (o) => partReturned(o, refundId, { outcome: 'refunded', refundedTotal })
      }
      case 'release': {
        stock.held = 0
        stock.released = true
        return released
      }
      case 'return goods': {
        stock.held = 0
        stock.returns += 1
        return goodsReturned
      }
    }
  }

  function drive(how: string): void {
    store((o) => expire(o, now()))
    const step = next(order)
    if (!step || how === 'lost request') return
    const answer = effect(step)
    if (how === 'answered') store(answer)
    if (how === 'late answer') late.push(answer)
  }

  function attempt(decide: (order: Order) => Change): void {
    try {
      store(decide)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
  }

  function happen(event: Happening): void {
    switch (event.does) {
      case 'drive':
        drive('how' in event ? event.how : 'answered')
        return
      case 'late answers arrive':
        for (const answer of late.splice(0)) store(answer)
        return
      case 'crash':
        late = []
        return
      case 'customer cancels':
        attempt((o) => cancel(o, 'customer-request'))
        return
      case 'customer wants a refund':
        attempt((o) => requestRefund(o, 'customer'))
        return
      case 'operator ships':
        attempt((o) => ship(o, now()))
        isShipped ||= order.status === 'shipped'
        return
      case 'operator refunds':
        attempt((o) => requestRefund(o, 'operator'))
        return
      case 'operator takes the goods back':
        attempt((o) => approveReturn(o, now()))
        attempt((o) => receiveReturn(o, now()))
        return
      case 'provider refunds':
        if (['confirmed', 'shipped', 'refunding'].includes(order.status)) {
          money.refunded = 5
          store((o) => recordRefund(o, euro(500)))
        }
        return
      case 'provider returns a part':
        if (['confirmed', 'shipped', 'refunding'].includes(order.status) && money.refunded < 5) {
          money.refunded += 1
          store((o) => recordRefund(o, euro(money.refunded * 100)))
        }
        return
      case 'operator returns a part': {
        const refundId = `r${order.version}`
        attempt((o) =>
          requestPartialRefund(o, { refundId, amount: euro(200), reason: 'a scratch' }),
        )
        return
      }
      case 'time passes':
        clock += deadlineMs / 2
        return
      case 'compensation is parked':
        if (['cancelling', 'refunding'].includes(order.status))
          store((o) => park(o, 'kept failing'))
        return
    }
  }

  function comeToRest(): void {
    if (order.status === 'needs_attention') store(resume)
    for (let steps = 0; next(order); steps++) {
      if (steps > 10) throw new Error(`the order does not come to rest: ${history.join(' → ')}`)
      drive('answered')
    }
    for (const answer of late.splice(0)) store(answer)
  }

  return { happen, comeToRest, seen: () => ({ order, history, events, stock, money, isShipped }) }
}

it('whatever is lost, late, repeated or cancelled, and whenever: money, stock and history are right at rest', () => {
  fc.assert(
    fc.property(world, fc.array(happening, { maxLength: 30 }), (conditions, happenings) => {
      const model = createModel(conditions)
      for (const one of happenings) model.happen(one)
      model.comeToRest()
      const { order, history, events, stock, money, isShipped } = model.seen()
      expect(['confirmed', 'shipped', 'cancelled', 'refunded']).toContain(order.status)
      const isKept = order.status === 'confirmed' || order.status === 'shipped'
      const isWithCustomer = isShipped && order.goodsReturn?.status !== 'received'
      if (!isKept) expect(money.refunded).toBe(money.captured)
      if (money.captured > 0 && order.status !== 'cancelled')
        expect(order.refundedTotal).toEqual(euro(money.refunded * 100))
      expect(money.refunded).toBeLessThan(isKept ? money.captured : 6)
      expect(order.refunds.filter(({ status }) => status === 'requested')).toEqual([])
      expect(stock.held).toBe(isKept || (order.status === 'refunded' && isWithCustomer) ? 1 : 0)
      expect(order.reservation === 'returned').toBe(stock.returns > 0)
      expect(history).toHaveLength(order.version)
      expect(events.filter((topic) => topic === 'orders-placed-v1')).toHaveLength(1)
      expect(new Set(events).size).toBe(events.length)
      expect(events.at(-1)).toBe(`orders-${order.status}-v1`)
    }),
    { numRuns: 5_000 },
  )
}, 60_000)
