import { euro } from '@sidecart/chassis/contract/money.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { paymentEvents } from './contract.ts'
import {
  type Change,
  type Charged,
  chargeOutcome,
  mustBeSame,
  mustBeSamePart,
  notKnown,
  partDone,
  partOutcome,
  partStarted,
  pending,
  type Refund,
  type Refunding,
  refundDone,
  refundFound,
  refundOutcome,
  refundStarted,
  settled,
  voided,
} from './domain.ts'

const orderId = '019a0c6e-5b7e-7c31-9d2a-3f1f0a6b7c11'
const paymentId = '019a0c6e-5b7e-7c31-9d2a-000000000001'
const refundId = '019a0c6e-5b7e-7c31-9d2a-000000000002'
const customerId = '019a0c6e-5b7e-7c31-9d2a-000000000003'
const asked = { customerId, amount: euro(1490), card: 'card_approved' }
const asking = pending(paymentId, orderId, asked)
const captured = settled(asking, { outcome: 'captured', reference: 'ch_1' })
const charged = captured.payment as Charged
const started = refundStarted(charged, refundId, 'customer-request')
const refunding = started.payment as Refunding
const refunded = refundDone(refunding, 're_1')
const data = { paymentId, orderId, customerId, amount: euro(1490) }

test('a captured charge is in the ledger and is published', () => {
  expect(charged).toMatchObject({ status: 'charged', version: 1, providerReference: 'ch_1' })
  expect(captured.events).toEqual([paymentEvents.charged({ ...data, version: 1 })])
  expect(captured.movement).toMatchObject({ id: paymentId, kind: 'charge' })
  expect(chargeOutcome(charged)).toEqual({ outcome: 'charged', paymentId })
})

test('a declined charge is told with its code and moves nothing', () => {
  const change = settled(asking, { outcome: 'declined', code: 'insufficient-funds' })
  expect(change.movement).toBeUndefined()
  expect(change.events).toEqual([
    paymentEvents.declined({ ...data, version: 1, code: 'insufficient-funds' }),
  ])
  expect(chargeOutcome(change.payment)).toEqual({
    outcome: 'declined',
    code: 'insufficient-funds',
  })
  expect(refundOutcome(change.payment)).toEqual({ outcome: 'nothing-to-refund' })
})

test('a refund is told when the money is back, not when it is asked for', () => {
  expect(started.events).toEqual([])
  expect(refunded.events).toEqual([
    paymentEvents.refunded({ ...data, version: 2, refundId, refundedTotal: euro(1490) }),
  ])
  expect(refundOutcome(refunded.payment)).toEqual({ outcome: 'refunded', amount: euro(1490) })
})

describe('a refund in parts', () => {
  const part = (amount: number, id = partId) => ({ id, amount: euro(amount), reason: 'a scratch' })
  const asking = (amount: number, of = charged, id = partId) =>
    partStarted(of, part(amount, id))?.payment as Charged
  const done = (of: Charged, reference: string) =>
    partDone(of, of.refunds.at(-1) as Refund, reference)
  const partId = '019a0c6e-5b7e-7c31-9d2a-00000000000a'
  const another = '019a0c6e-5b7e-7c31-9d2a-00000000000b'

  test('is told with what it is, and with what went back in all', () => {
    const first = done(asking(490), 're_1')
    expect(first.payment.status).toBe('charged')
    const second = done(asking(300, first.payment as Charged, another), 're_2')
    expect(second.events[0]?.data).toMatchObject({
      amount: euro(300),
      refundId: another,
      refundedTotal: euro(790),
    })
    expect(partOutcome(second.payment, part(300, another))).toEqual({
      outcome: 'refunded',
      refundedTotal: euro(790),
    })
  })

  test('is never more than what is left, also while others are on their way', () => {
    expect(partStarted(charged, part(1491))).toBeUndefined()
    expect(partStarted(asking(1000), part(491, another))).toBeUndefined()
    expect(partStarted(asking(1000), part(490, another))).toBeDefined()
  })

  test('that leaves nothing is the end of the payment', () => {
    const last = done(asking(1000, done(asking(490), 're_1').payment as Charged, another), 're_2')
    expect(last.payment).toMatchObject({ status: 'refunded', refundReference: 're_2' })
    expect(last.events[0]?.data).toMatchObject({ amount: euro(1000), refundedTotal: euro(1490) })
  })

  test('leaves the rest for the refund of all', () => {
    const first = done(asking(490), 're_1').payment as Charged
    const rest = refundDone(refundStarted(first, refundId, 'why').payment as Refunding, 're_2')
    expect(rest.movement?.postings[0]?.amount).toEqual(euro(1000))
  })

  test('that the provider made without us is found, and ours are not taken for it', () => {
    const ours = asking(490)
    const found = [
      { reference: 're_1', amount: euro(490), ourId: partId },
      { reference: 're_9', amount: euro(100) },
    ]
    expect(notKnown(ours, found)).toEqual([found[1]])
    const known = refundFound(ours, {
      id: another,
      amount: euro(100),
      reason: 'x',
      reference: 're_9',
    })
    expect(notKnown(known.payment as Charged, found)).toEqual([])
    expect(known.events[0]?.data).toMatchObject({ amount: euro(100), refundedTotal: euro(100) })
  })

  test('of another amount under the same id is refused', () => {
    expect(() => mustBeSamePart(asking(490).refunds[0] as Refund, part(491))).toThrow(
      /another amount/,
    )
  })

  test('of nothing is refused', () => {
    expect(partOutcome(voided(paymentId, orderId, 'x'), part(1))).toEqual({
      outcome: 'refused',
      code: 'nothing-to-refund',
    })
  })
})

test('what is not known yet has no outcome', () => {
  expect(() => chargeOutcome(asking)).toThrow(/not known yet/)
  expect(() => refundOutcome(asking)).toThrow(/not known yet/)
  expect(() => refundOutcome(charged)).toThrow(/not known yet/)
  expect(() => refundOutcome(refunding)).toThrow(/not known yet/)
})

test('a charge after a refund, even one still on its way, is declined as voided', () => {
  const declined = { outcome: 'declined', code: 'voided' }
  expect(chargeOutcome(voided(paymentId, orderId, 'took-too-long'))).toEqual(declined)
  expect(chargeOutcome(refunding)).toEqual(declined)
  expect(chargeOutcome(refunded.payment)).toEqual(declined)
})

test('an order is charged for one thing only', () => {
  for (const other of [{ customerId: orderId }, { amount: euro(1491) }, { card: 'card_slow' }])
    expect(() => mustBeSame(charged, { ...asked, ...other })).toThrow(/another/)
  mustBeSame(charged, asked)
  mustBeSame(voided(paymentId, orderId, 'took-too-long'), asked)
})

test('the ledger balances for every amount, and after a refund no account but sales and refunds has anything', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (amount) => {
      const charge = settled(
        { ...asking, amount: euro(amount) },
        { outcome: 'captured', reference: 'ch_1' },
      )
      const refund = refundDone(
        refundStarted(charge.payment as Charged, refundId, 'why').payment as Refunding,
        're_1',
      )
      expect(sum(balances(charge))).toBe(0n)
      expect(sum(balances(refund))).toBe(0n)
      expect(balances(charge)).toMatchObject({
        'customer-receivable': 0n,
        revenue: BigInt(-amount),
      })
      expect(balances(charge, refund)).toEqual({
        'customer-receivable': 0n,
        'provider-clearing': 0n,
        revenue: BigInt(-amount),
        refunds: BigInt(amount),
      })
    }),
  )
})

function balances(...changes: Change[]): Record<string, bigint> {
  const postings = changes.flatMap(({ movement }) => movement?.postings ?? [])
  const total: Record<string, bigint> = {}
  for (const { account, side, amount } of postings)
    total[account] =
      (total[account] ?? 0n) + BigInt(side === 'debit' ? amount.amount : -amount.amount)
  return total
}

const sum = (of: Record<string, bigint>): bigint =>
  Object.values(of).reduce((total, one) => total + one, 0n)
