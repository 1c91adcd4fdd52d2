import { expect, it } from 'vitest'
import { euro } from '../ui/money.ts'
import type { Story } from './queries.ts'
import { timelineOf } from './timeline.ts'

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString()
const trace = 'a'.repeat(32)

const story = {
  order: {} as Story['order'],
  history: [
    { version: 1, status: 'placed', step: 'order placed', traceId: trace, at: at(0) },
    { version: 2, status: 'reserved', step: 'stock reserved', at: at(20) },
    { version: 3, status: 'charged', step: 'card charged', failures: 2, at: at(60) },
    { version: 4, status: 'confirmed', step: 'order confirmed', at: at(61) },
  ],
  stock: {
    movements: [
      { sku: 'MUG', kind: 'reserved', onHand: -2, reserved: 2, sold: 0, at: at(10) },
      { sku: 'MUG', kind: 'sold', onHand: 0, reserved: -2, sold: 2, at: at(90) },
    ],
  },
  payment: {
    paymentId: 'p',
    orderId: 'o',
    status: 'charged',
    amount: euro(2980),
    createdAt: at(30),
    updatedAt: at(50),
    entries: ['debit', 'credit'].map((side) => ({
      movementId: 'm',
      kind: 'charge',
      account: 'revenue',
      side: side as 'debit',
      amount: euro(2980),
      recordedAt: at(50),
    })),
  },
  mails: [],
  trail: {
    logs: [
      {
        at: at(40),
        service: 'orders',
        level: 'warn',
        message: 'a step failed',
        attempts: 1,
        cause: 'payments answered 503: {"status":503}',
      },
    ],
    provider: [{ at: at(45), effect: 'captured', amount: 2980 }],
  },
  letters: [],
} as unknown as Story

it('tells what happened everywhere, in its order', () => {
  expect(timelineOf(story).map(({ lane, what }) => `${lane} ${what}`)).toEqual([
    'orders order placed',
    'catalog holds 2 × MUG',
    'orders stock reserved',
    'payments is asked to charge €29.80',
    'orders a step failed',
    'provider captured',
    'payments records the charge',
    'orders card charged',
    'orders order confirmed',
    'catalog receives orders-confirmed-v1, sells 2 × MUG',
  ])
})

it('has money, stock, tries and traces beside it', () => {
  const [placed, held, , , failed, , booked, charged] = timelineOf(story)
  expect(placed).toMatchObject({ traceId: trace, detail: 'publishes orders-placed-v1' })
  expect(held).toMatchObject({ stock: '−2 on hand, +2 reserved' })
  expect(failed).toMatchObject({ kind: 'retry', detail: 'attempt 1; payments answered 503' })
  expect(booked).toMatchObject({ money: '+€29.80' })
  expect(charged).toMatchObject({ detail: 'after 2 failed attempts' })
})
