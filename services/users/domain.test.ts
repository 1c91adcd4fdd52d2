import { describe, expect, test } from 'vitest'
import {
  addressToConfirm,
  awaitConfirmation,
  changeContact,
  confirmEmail,
  openSession,
  present,
  register,
  registerConfirmed,
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

const [c1, c2, c3] = [1, 2, 3].map((n) => `019a0000-0000-7000-8000-00000000c00${n}`) as [
  string,
  string,
  string,
]
const mailing = { confirmationId: c1, isMailed: true }

describe('a contact', () => {
  test('is a customer who wants order and payment mails but no advertising, at version 1', () => {
    const { user, events } = register({ ...ada, now }, mailing)
    const preferences = { orderUpdates: true, paymentUpdates: true, marketing: false }
    const awaited = { confirmationId: c1, email: ada.email }
    expect(user).toEqual({
      ...ada,
      ...{ role: 'customer', preferences, version: 1, registeredAt: now, awaited },
    })
    const data = { ...ada, preferences, version: 1, confirmed: false, confirmation: awaited }
    expect(events).toEqual([{ topic: 'users-registered-v1', data }])
  })

  test('emits a change with the next version and everything a listener needs', () => {
    const { user } = register({ ...ada, now }, mailing)
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
    [{ name: 'Countess' }],
    [{ preferences: { orderUpdates: true, paymentUpdates: true, marketing: true } }],
  ])('is changed by %j', (wanted) => {
    const { user } = register({ ...ada, now }, mailing)
    expect(changeContact(user, wanted).user).toEqual({ ...user, ...wanted, version: 2 })
  })

  test('that stays the same is not emitted', () => {
    const { user } = register({ ...ada, now }, mailing)
    const { name, preferences } = user
    const same = { name, preferences: { ...preferences } }
    expect(changeContact(user, same)).toEqual({ user, events: [] })
  })
})

describe('an e-mail', () => {
  const fresh = register({ ...ada, now }, mailing).user
  const confirmed = confirmEmail(fresh, c1, later(60)).user
  const isVoid = expect.objectContaining({ code: 'link-void' })
  const another = { confirmationId: c2, isMailed: true }

  test('of those who run the shop counts as confirmed', () => {
    const { user, events } = registerConfirmed({ ...ada, now }, 'operator')
    expect(user).toMatchObject({ role: 'operator', emailConfirmedAt: now })
    expect(events).toMatchObject([{ data: { confirmed: true } }])
    expect(events[0]?.data).not.toHaveProperty('confirmation')
  })

  test('is confirmed by the link that is awaited, once', () => {
    const { user, events } = confirmEmail(fresh, c1, later(60))
    expect(user).toMatchObject({ email: ada.email, emailConfirmedAt: later(60), version: 2 })
    expect(user).not.toHaveProperty('awaited')
    expect(events).toMatchObject([{ data: { confirmed: true, version: 2 } }])
    expect(events[0]?.data).not.toHaveProperty('formerEmail')
    expect(() => confirmEmail(user, c1, later(61))).toThrow(isVoid)
    expect(() => confirmEmail(fresh, c2, later(60))).toThrow(isVoid)
  })

  test('stays the same until another one is confirmed; then both addresses are told', () => {
    const asked = awaitConfirmation(confirmed, 'new@example.com', another)
    expect(asked.user).toMatchObject({ email: ada.email, version: 3 })
    const confirmation = { confirmationId: c2, email: 'new@example.com' }
    expect(asked.events).toMatchObject([
      { data: { email: ada.email, confirmed: true, confirmation } },
    ])
    const { user, events } = confirmEmail(asked.user, c2, later(120))
    expect(user).toMatchObject({ email: 'new@example.com', emailConfirmedAt: later(120) })
    expect(events).toMatchObject([{ data: { email: 'new@example.com', formerEmail: ada.email } }])
  })

  test('that was never confirmed is not told of its successor', () => {
    const { user } = awaitConfirmation(fresh, 'new@example.com', another)
    const { events } = confirmEmail(user, c2, later(120))
    expect(events[0]?.data).not.toHaveProperty('formerEmail')
  })

  test('of two changes in a row only the second can be confirmed', () => {
    const one = awaitConfirmation(confirmed, 'one@example.com', another).user
    const two = awaitConfirmation(one, 'two@example.com', { ...another, confirmationId: c3 }).user
    expect(() => confirmEmail(two, c2, later(120))).toThrow(isVoid)
    expect(confirmEmail(two, c3, later(120)).user.email).toBe('two@example.com')
  })

  test('asked for again is the same confirmation: earlier mails stay good', () => {
    expect(awaitConfirmation(fresh, ada.email, another).user.awaited?.confirmationId).toBe(c1)
  })

  test('that is the account’s own calls a change off', () => {
    const { user } = awaitConfirmation(confirmed, 'new@example.com', another)
    const back = awaitConfirmation(user, ada.email, { ...another, isMailed: false })
    expect(back).toEqual({ user: { ...confirmed, version: 3 }, events: [] })
    expect(() => confirmEmail(back.user, c2, later(120))).toThrow(isVoid)
    expect(awaitConfirmation(confirmed, ada.email, another).user).toBe(confirmed)
  })

  test('is awaited, but nothing is emitted, when no mail may be sent', () => {
    const quiet = { confirmationId: c2, isMailed: false }
    const { user, events } = awaitConfirmation(confirmed, 'new@example.com', quiet)
    expect([user.awaited?.email, user.version, events]).toEqual(['new@example.com', 2, []])
    expect(register({ ...ada, now }, quiet).events[0]?.data).not.toHaveProperty('confirmation')
  })

  test('has nothing to be confirmed once it is', () => {
    expect(addressToConfirm(fresh)).toBe(ada.email)
    expect(() => addressToConfirm(confirmed)).toThrow(
      expect.objectContaining({ code: 'email-confirmed' }),
    )
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
