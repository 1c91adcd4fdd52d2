import { describe, expect, test } from 'vitest'
import {
  changeContact,
  openSession,
  present,
  register,
  roomForAnother,
  type Session,
} from './domain.ts'

const now = new Date('2026-03-01T12:00:00Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const ada = {
  userId: '019a0000-0000-7000-8000-000000000001',
  email: 'ada@example.com',
  name: 'Ada',
}

describe('a contact', () => {
  test('is a customer who wants order and payment mails but no advertising, at version 1', () => {
    const { user, events } = register({ ...ada, now })
    const preferences = { orderUpdates: true, paymentUpdates: true, marketing: false }
    expect(user).toEqual({ ...ada, role: 'customer', preferences, version: 1, registeredAt: now })
    expect(events).toEqual([
      { topic: 'users-registered-v1', data: { ...ada, preferences, version: 1 } },
    ])
  })

  test('emits a change with the next version and everything a listener needs', () => {
    const { user } = register({ ...ada, now })
    const change = changeContact(user, { name: 'Ada Lovelace' })
    expect(change.user).toEqual({ ...user, name: 'Ada Lovelace', version: 2 })
    expect(change.events).toMatchObject([
      {
        topic: 'users-contact-changed-v1',
        data: { name: 'Ada Lovelace', email: ada.email, version: 2 },
      },
    ])
  })

  test.each([
    [{ email: 'ada@example.org' }],
    [{ preferences: { orderUpdates: true, paymentUpdates: true, marketing: true } }],
  ])('is changed by %j', (wanted) => {
    const { user } = register({ ...ada, now })
    expect(changeContact(user, wanted).user).toEqual({ ...user, ...wanted, version: 2 })
  })

  test('that stays the same is not emitted', () => {
    const { user } = register({ ...ada, now })
    const { email, name, preferences } = user
    const same = { email, name, preferences: { ...preferences } }
    expect(changeContact(user, same)).toEqual({ user, events: [] })
  })
})

test('a user has at most 20 addresses', () => {
  expect(() => roomForAnother(19)).not.toThrow()
  expect(() => roomForAnother(20)).toThrow(expect.objectContaining({ code: 'too-many-addresses' }))
})

describe('a session', () => {
  const fresh = openSession('s', ada.userId, now)
  const rotated = (session: Session, at: Date) => present(session, session.serial, at).session

  test('lives 30 days from its last rotation', () => {
    expect(fresh.expiresAt).toEqual(later(30 * 86_400))
    expect(rotated(fresh, later(60)).expiresAt).toEqual(later(30 * 86_400 + 60))
    expect(present(fresh, 1, later(30 * 86_400)).outcome).toBe('ended')
  })

  test('rotates its newest token', () => {
    const { outcome, session } = present(fresh, 1, later(60))
    expect([outcome, session.serial]).toEqual(['rotated', 2])
  })

  test('repeats the last rotation for 20 s, without another one', () => {
    const session = rotated(fresh, later(60))
    expect(present(session, 1, later(80))).toEqual({ outcome: 'repeated', session })
  })

  test('ends when a token comes back more than 20 s after it was used', () => {
    const session = rotated(fresh, later(60))
    const answer = present(session, 1, later(80.001))
    expect(answer).toEqual({ outcome: 'reused', session: { ...session, endedAt: later(80.001) } })
    expect(present(answer.session, 2, later(81)).outcome).toBe('ended')
  })

  test('is not rotated more than 300 times in a quarter of an hour', () => {
    expect(present(fresh, 1, later(60), 299).outcome).toBe('rotated')
    expect(present(fresh, 1, later(60), 300)).toEqual({ outcome: 'too-often', session: fresh })
  })

  test('of a customer lasts 180 days at most, however often it is refreshed', () => {
    let session = fresh
    for (let day = 20; day < 180; day += 20) session = rotated(session, later(day * 86_400))
    expect(session.expiresAt).toEqual(later(180 * 86_400))
  })

  test('of an operator lasts an hour without a refresh, and 12 hours at most', () => {
    let session = openSession('s', ada.userId, now, 'operator')
    expect(session.expiresAt).toEqual(later(3_600))
    for (let minutes = 50; minutes < 720; minutes += 50)
      session = rotated(session, later(minutes * 60))
    expect(session.expiresAt).toEqual(later(12 * 3_600))
  })

  test('ends when a token comes back whose successor was used too, however soon', () => {
    const session = rotated(rotated(fresh, later(1)), later(2))
    expect(present(session, 1, later(2)).outcome).toBe('reused')
  })
})
