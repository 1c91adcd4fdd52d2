import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import { type Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { type Preferences, type Profile, userEvents } from './contract.ts'

/** The ways in which users says no, beside those of every service. */
export type RefusalCode =
  | 'email-taken'
  | 'too-many-addresses'
  | 'address-known'
  | 'wrong-credentials'
  | 'wrong-password'
  | 'common-password'
  | 'session-ended'
  | 'just-refreshed'

export const refuse: (code: RefusalCode, detail: string) => Refusal = refused

type Role = Profile['role']

export type User = {
  userId: string
  email: string
  name: string
  role: Role
  preferences: Preferences
  version: number
  registeredAt: Date
}

/** What a decision leads to: the user to be stored and the events to be emitted with it. */
export type Change = { user: User; events: OutboxMessage[] }

export type Contact = Pick<User, 'email' | 'name' | 'preferences'>
type Wanted = { [Field in keyof Contact]?: Contact[Field] | undefined }

const defaultPreferences: Preferences = {
  orderUpdates: true,
  paymentUpdates: true,
  marketing: false,
}

/** The public registers customers; another role is given by anyone who runs the shop. */
export function register(
  { userId, email, name, now }: { userId: string; email: string; name: string; now: Date },
  role: Role = 'customer',
): Change {
  const preferences = defaultPreferences
  const user: User = { userId, email, name, role, preferences, version: 1, registeredAt: now }
  return { user, events: [userEvents.registered(contactOf(user))] }
}

/** Announced only when something is different afterwards. */
export function changeContact(user: User, wanted: Wanted): Change {
  const { email = user.email, name = user.name, preferences = user.preferences } = wanted
  const same =
    email === user.email && name === user.name && samePreferences(preferences, user.preferences)
  if (same) return { user, events: [] }
  const changed: User = { ...user, email, name, preferences, version: user.version + 1 }
  const formerEmail = email === user.email ? undefined : user.email
  const event = userEvents.contactChanged({
    ...contactOf(changed),
    ...(formerEmail && { formerEmail }),
  })
  return { user: changed, events: [event] }
}

/** Announced so that the owner is told. */
export function changePassword(user: User): Change {
  const changed: User = { ...user, version: user.version + 1 }
  return {
    user: changed,
    events: [userEvents.contactChanged({ ...contactOf(changed), passwordChanged: true })],
  }
}

const samePreferences = (a: Preferences, b: Preferences): boolean =>
  a.orderUpdates === b.orderUpdates &&
  a.paymentUpdates === b.paymentUpdates &&
  a.marketing === b.marketing

const contactOf = ({ userId, email, name, preferences, version }: User) => ({
  userId,
  email,
  name,
  preferences,
  version,
})

const mostAddresses = 20

export function roomForAnother(addresses: number): void {
  if (addresses >= mostAddresses)
    throw refuse('too-many-addresses', `At most ${mostAddresses} addresses; remove one first.`)
}

/** A signed-in device: a family of refresh tokens of which only the newest, number `serial`, can be exchanged. */
export type Session = {
  sessionId: string
  userId: string
  role: Role
  serial: number
  openedAt: Date
  rotatedAt: Date
  expiresAt: Date
  endedAt?: Date
}

export type Outcome = 'rotated' | 'repeated' | 'too-often' | 'reused' | 'ended'

const minute = 60_000
const day = 24 * 60 * minute
/** How long a session lasts without being refreshed, and at most. */
const lifetimes: Record<Role, { idleMs: number; longestMs: number }> = {
  customer: { idleMs: 30 * day, longestMs: 180 * day },
  operator: { idleMs: 60 * minute, longestMs: 12 * 60 * minute },
}

/** The answer to a refresh may be lost, or two tabs may refresh at once: for this long a token gets its answer again. */
const repeatMs = 20_000

/** A page that is loaded refreshes, so a person who is in a hurry may do it every few seconds. */
export const refreshLimit = { most: 300, withinMs: 15 * minute }

export function openSession(
  sessionId: string,
  userId: string,
  now: Date,
  role: Role = 'customer',
): Session {
  const session = { sessionId, userId, role, serial: 1, openedAt: now, rotatedAt: now }
  return { ...session, expiresAt: endOf(session) }
}

const endOf = ({ role, openedAt, rotatedAt }: Omit<Session, 'expiresAt'>): Date =>
  new Date(
    Math.min(
      rotatedAt.getTime() + lifetimes[role].idleMs,
      openedAt.getTime() + lifetimes[role].longestMs,
    ),
  )

/**
 * A refresh token, number `serial` of its family, is presented. The newest one is rotated, unless that was done
 * `recent` times just now. The one before it is answered as it was, within 20 s of its rotation and while its
 * successor is unused. Any other was stolen from one side or the other: the whole family ends.
 */
export function present(
  session: Session,
  serial: number,
  now: Date,
  recent = 0,
): { outcome: Outcome; session: Session } {
  if (session.endedAt || session.expiresAt <= now) return { outcome: 'ended', session }
  if (serial === session.serial) {
    if (recent >= refreshLimit.most) return { outcome: 'too-often', session }
    const rotated = { ...session, serial: serial + 1, rotatedAt: now }
    return { outcome: 'rotated', session: { ...rotated, expiresAt: endOf(rotated) } }
  }
  const age = now.getTime() - session.rotatedAt.getTime()
  if (serial === session.serial - 1 && age <= repeatMs) return { outcome: 'repeated', session }
  return { outcome: 'reused', session: { ...session, endedAt: now } }
}

/** Sessions that one user can have at a time; the least recently used one makes room for another. */
export const mostSessions = 20
