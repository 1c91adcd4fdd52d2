import { euro } from '@sidecart/chassis/contract/money.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MailStatus } from './contract.ts'
import {
  attemptsAllowed,
  type Contact,
  type Delivery,
  draft,
  mustBeResendable,
  type News,
  settle,
} from './domain.ts'

const orderId = '019a0c6e-5b7e-7c31-9d2a-3f1f0a6b7c11'
const userId = '019a0c6e-5b7e-7c31-9d2a-000000000001'
const ada: Contact = {
  userId,
  email: 'ada@customer.example',
  name: 'Ada',
  preferences: { orderUpdates: true, paymentUpdates: true, marketing: false },
  version: 1,
}
const head = { orderId, customerId: userId, version: 4 }
const shipped: News = { kind: 'shipped', event: head }
const refunded: News = { kind: 'refunded', event: { ...head, amount: euro(1490) } }
const declined: News = {
  kind: 'payment-declined',
  event: { ...head, paymentId: orderId, amount: euro(1490), code: 'insufficient-funds' },
}
const now = new Date('2026-01-01T00:00:00Z')

test('news about an order is a mail to who ordered', () => {
  expect(draft(shipped, ada)).toEqual({
    customerId: userId,
    orderId,
    news: shipped,
    status: 'pending',
    contactVersion: ada.version,
  })
})

test('news is held while the address is not confirmed, if it is wanted', () => {
  const unconfirmed = { ...ada, confirmed: false }
  expect(draft(shipped, unconfirmed).status).toBe('held')
  expect(draft(declined, unconfirmed).status).toBe('recorded')
  const quiet = { ...ada.preferences, orderUpdates: false }
  expect(draft(shipped, { ...unconfirmed, preferences: quiet }).status).toBe('suppressed')
  expect(draft(shipped, { ...ada, confirmed: true }).status).toBe('pending')
})

test('a welcome goes to everybody', () => {
  const quiet = {
    ...ada,
    preferences: { orderUpdates: false, paymentUpdates: false, marketing: false },
  }
  expect(draft({ kind: 'welcome', event: quiet }, quiet).status).toBe('pending')
})

test('who does not want a kind of mail does not get it, and that is on record', () => {
  const without = (preference: string) => ({
    ...ada,
    preferences: { ...ada.preferences, [preference]: false },
  })
  expect(draft(shipped, without('orderUpdates')).status).toBe('suppressed')
  expect(draft(shipped, without('paymentUpdates')).status).toBe('pending')
  expect(draft(refunded, without('paymentUpdates')).status).toBe('suppressed')
  expect(draft(refunded, without('orderUpdates')).status).toBe('pending')
})

test('payments mail nobody, known or not: the order says it already', () => {
  expect(draft(declined, undefined).status).toBe('recorded')
})

test('news for a customer who has not been heard of yet is for later', () => {
  expect(() => draft(shipped, undefined)).toThrow(/not been heard of/)
})

const mail = (attempts: number, allowed = attemptsAllowed) => ({
  attempts,
  attemptsAllowed: allowed,
})

test('a mail that was certainly not sent is tried again, later each time, and given up in the end', () => {
  const delivery: Delivery = { outcome: 'not-sent', why: 'connection refused' }
  const seconds = Array.from({ length: attemptsAllowed }, (_, n) => {
    const settlement = settle(mail(n + 1), delivery, now)
    return settlement.status === 'pending'
      ? (settlement.notBefore.getTime() - now.getTime()) / 1000
      : settlement.status
  })
  expect(seconds).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 'failed'])
})

test('after a resend the pauses begin again', () => {
  const settlement = settle(mail(11, 20), { outcome: 'not-sent', why: 'x' }, now)
  expect(settlement).toMatchObject({
    status: 'pending',
    notBefore: new Date('2026-01-01T00:00:05Z'),
  })
})

test('a mail that may have been sent never waits to be sent again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.constantFrom<Delivery>(
        { outcome: 'sent' },
        { outcome: 'unknown', why: '?' },
        { outcome: 'rejected', why: '!' },
      ),
      (attempts, delivery) => settle(mail(attempts), delivery, now).status !== 'pending',
    ),
  )
})

test('only a mail that failed or is unconfirmed is sent again by hand', () => {
  const yes = MailStatus.options.filter((status) => {
    try {
      mustBeResendable(status)
      return true
    } catch {
      return false
    }
  })
  expect(yes).toEqual(['unconfirmed', 'failed'])
})
