import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import { type Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { type Confirmation, type Preferences, type Profile, userEvents } from './contract.ts'

/** The ways in which users says no, beside those of every service. */
export type RefusalCode =
  | 'email-taken'
  | 'email-confirmed'
  | 'link-void'
  | 'too-many-addresses'
  | 'address-known'
  | 'wrong-credentials'
  | 'wrong-password'
  | 'common-password'
  | 'country-not-served'
  | 'session-ended'
  | 'second-factor-required'
  | 'code-required'
  | 'second-factor-on'
  | 'second-factor-off'
  | 'wrong-code'
  | 'just-refreshed'
  | 'already-operator'
  | 'another-account'

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
  /** Absent until a link from a mail to the address has come back. */
  emailConfirmedAt?: Date
  /** The mail whose link is awaited: to the e-mail, or to the one that is to take its place. */
  awaited?: Confirmation
}

/** What a decision leads to: the user to be stored and the events to be emitted with it. */
export type Change = { user: User; events: OutboxMessage[] }

type Wanted = { name?: string | undefined; preferences?: Preferences | undefined }

const defaultPreferences: Preferences = {
  orderUpdates: true,
  paymentUpdates: true,
  marketing: false,
}

type Person = { userId: string; email: string; name: string; now: Date }

/** What a confirmation needs from outside: an id for it, and whether a mail may be sent now. */
export type Mailing = { confirmationId: string; isMailed: boolean }

/**
 * The public registers customers. Nothing is known of the e-mail: another account may have it, and then this one never
 * gets it confirmed.
 */
export function register(person: Person, { confirmationId, isMailed }: Mailing): Change {
  const awaited = { confirmationId, email: person.email }
  const user: User = { ...createUser(person, 'customer'), awaited }
  return { user, events: [userEvents.registered(toContact(user, isMailed ? awaited : undefined))] }
}

/** Accounts of those who run the shop: they know the address. */
export function registerConfirmed(person: Person, role: Role): Change {
  const user: User = { ...createUser(person, role), emailConfirmedAt: person.now }
  return { user, events: [userEvents.registered(toContact(user))] }
}

const createUser = ({ userId, email, name, now }: Person, role: Role): User => ({
  ...{ userId, email, name, role },
  ...{ preferences: defaultPreferences, version: 1, registeredAt: now },
})

/** The account that an invitation is for becomes an operator's. @throws Refusal `another-account` */
export function acceptInvitation(user: User, email: string): User {
  if (user.email !== email || !user.emailConfirmedAt)
    throw refuse('another-account', 'This invitation is for another e-mail.')
  return { ...user, role: 'operator' }
}

/** Announced only when something is different afterwards. */
export function changeContact(user: User, wanted: Wanted): Change {
  const { name = user.name, preferences = user.preferences } = wanted
  if (name === user.name && samePreferences(preferences, user.preferences))
    return { user, events: [] }
  const changed: User = { ...user, name, preferences, version: user.version + 1 }
  return { user: changed, events: [userEvents.contactChanged(toContact(changed))] }
}

/**
 * Waits for the confirmation of an address, for this one only: links to others are void. The e-mail stays what it is
 * until then. The e-mail itself calls a change off that waits.
 */
export function awaitConfirmation(user: User, email: string, mailing: Mailing): Change {
  if (email === user.email && user.emailConfirmedAt) {
    const { awaited, ...settled } = user
    return { user: awaited ? settled : user, events: [] }
  }
  const { confirmationId } = user.awaited?.email === email ? user.awaited : mailing
  const awaited = { confirmationId, email }
  if (!mailing.isMailed) return { user: { ...user, awaited }, events: [] }
  const changed: User = { ...user, awaited, version: user.version + 1 }
  return { user: changed, events: [userEvents.contactChanged(toContact(changed, awaited))] }
}

/** The address that a mail for this user is to confirm. @throws Refusal `email-confirmed` when there is none */
export function addressToConfirm(user: User): string {
  if (user.awaited) return user.awaited.email
  if (user.emailConfirmedAt) throw refuse('email-confirmed', 'The e-mail is confirmed already.')
  return user.email
}

/** A link came back. Both addresses are told when another one was confirmed before. @throws Refusal `link-void` */
export function confirmEmail(user: User, confirmationId: string, now: Date): Change {
  const { awaited, ...rest } = user
  if (awaited?.confirmationId !== confirmationId) throw linkVoid()
  const { email } = awaited
  const confirmed: User = { ...rest, email, emailConfirmedAt: now, version: user.version + 1 }
  const hadAnother = user.emailConfirmedAt !== undefined && email !== user.email
  const event = userEvents.contactChanged({
    ...toContact(confirmed),
    ...(hadAnother && { formerEmail: user.email }),
  })
  return { user: confirmed, events: [event] }
}

export const confirmationSeconds = 24 * 3_600
export const invitationSeconds = 24 * 3_600
export const resetSeconds = 30 * 60
/** Links to another password that an account can have at a time: as long as there is no other, one of them is good. */
export const mostResets = 3

/** The same for a link that never was, was used, was replaced or is too old. */
export const linkVoid = (): Refusal =>
  refuse('link-void', 'This link was used, replaced or is too old. Ask for a new one.')

/** A mail is due with a link that sets another password. */
export function awaitReset(user: User, resetId: string): Change {
  const changed: User = { ...user, version: user.version + 1 }
  const event = userEvents.contactChanged({ ...toContact(changed), passwordReset: { resetId } })
  return { user: changed, events: [event] }
}

/** Announced so that the owner is told. */
export function changePassword(user: User): Change {
  const changed: User = { ...user, version: user.version + 1 }
  return {
    user: changed,
    events: [userEvents.contactChanged({ ...toContact(changed), passwordChanged: true })],
  }
}

/** Announced so that the owner is told. */
export function changeSecondFactor(user: User, secondFactor: 'on' | 'off'): Change {
  const changed: User = { ...user, version: user.version + 1 }
  return {
    user: changed,
    events: [userEvents.contactChanged({ ...toContact(changed), secondFactor })],
  }
}

const samePreferences = (a: Preferences, b: Preferences): boolean =>
  a.orderUpdates === b.orderUpdates &&
  a.paymentUpdates === b.paymentUpdates &&
  a.marketing === b.marketing

const toContact = (user: User, confirmation?: Confirmation) => {
  const { userId, email, name, preferences, version, emailConfirmedAt } = user
  const confirmed = emailConfirmedAt !== undefined
  return {
    ...{ userId, email, name, preferences, version, confirmed },
    ...(confirmation && { confirmation }),
  }
}

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
