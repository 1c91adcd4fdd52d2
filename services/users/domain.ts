import type { Announcement } from '../../chassis/fact.ts'
import { type Refusal, refused } from '../../chassis/refusal.ts'
import { type Preferences, type Profile, users } from './contract.ts'

/** The ways in which users says no, beside those of every service. */
export type RefusalCode =
  | 'email-taken'
  | 'too-many-addresses'
  | 'wrong-credentials'
  | 'wrong-password'
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

/** What a decision leads to: the user to be stored and the facts to be announced with it. */
export type Change = { user: User; facts: Announcement[] }

export type Contact = Pick<User, 'email' | 'name' | 'preferences'>
type Wanted = { [Field in keyof Contact]?: Contact[Field] | undefined }

const defaultPreferences: Preferences = {
  orderUpdates: true,
  paymentUpdates: true,
  marketing: false,
}

/** The public registers customers; another role is given by whoever runs the shop. */
export function register(
  { userId, email, name, now }: { userId: string; email: string; name: string; now: Date },
  role: Role = 'customer',
): Change {
  const preferences = defaultPreferences
  const user: User = { userId, email, name, role, preferences, version: 1, registeredAt: now }
  return { user, facts: [users.registered(contactOf(user))] }
}

/** Announced only when something is different afterwards. */
export function changeContact(user: User, wanted: Wanted): Change {
  const { email = user.email, name = user.name, preferences = user.preferences } = wanted
  const same =
    email === user.email && name === user.name && samePreferences(preferences, user.preferences)
  if (same) return { user, facts: [] }
  const changed: User = { ...user, email, name, preferences, version: user.version + 1 }
  return { user: changed, facts: [users.contactChanged(contactOf(changed))] }
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

/** A signed-in device: a family of refresh tokens of which only the newest, number `serial`, is good. */
export type Session = {
  sessionId: string
  userId: string
  serial: number
  rotatedAt: Date
  expiresAt: Date
  endedAt?: Date
}

export type Outcome = 'rotated' | 'just-rotated' | 'reused' | 'ended'

const sessionMs = 30 * 24 * 3_600_000
/** Two tabs of one browser may refresh at the same moment; the slower one is not a thief. */
const parallelMs = 10_000

export const openSession = (sessionId: string, userId: string, now: Date): Session => ({
  sessionId,
  userId,
  serial: 1,
  rotatedAt: now,
  expiresAt: new Date(now.getTime() + sessionMs),
})

/**
 * A refresh token, number `serial` of its family, is presented. The newest one is rotated. The one before it
 * is told so, and gets nothing, within 10 s of the rotation. Any other was stolen from one side or the other:
 * the whole family ends.
 */
export function present(
  session: Session,
  serial: number,
  now: Date,
): { outcome: Outcome; session: Session } {
  if (session.endedAt || session.expiresAt <= now) return { outcome: 'ended', session }
  if (serial === session.serial) {
    const next = openSession(session.sessionId, session.userId, now)
    return { outcome: 'rotated', session: { ...next, serial: serial + 1 } }
  }
  const age = now.getTime() - session.rotatedAt.getTime()
  if (serial === session.serial - 1 && age <= parallelMs)
    return { outcome: 'just-rotated', session }
  return { outcome: 'reused', session: { ...session, endedAt: now } }
}
