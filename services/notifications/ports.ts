import type { Identity } from '@sidecart/chassis/http/authentication.ts'
import type { Notification, NotificationQuery } from './contract.ts'
import type { Contact, Delivery, Draft, News, Settlement } from './domain.ts'

/** Data stored while an event is processed, within the inbox's transaction `T`. */
export type NotificationRepository<T> = {
  /** Stores a contact unless a newer version is stored. */
  keepContact(tx: T, contact: Contact): Promise<void>
  /** May come from memory, unless `tx` has kept a contact: `add` refuses a draft by an outdated version. */
  contactOf(tx: T, customerId: string): Promise<Contact | undefined>
  /** Lets mails go that were held for this customer, to the address that is confirmed now. */
  release(tx: T, contact: Contact): Promise<void>
  /**
   * Keeps the mail unless there is one of this order (or change of this customer) and kind. Until the transaction
   * ends, the contact of a mail that is held stays as it is.
   */
  add(tx: T, draft: Draft): Promise<void>
  /** Returns whether a transaction failed because of an outdated contact from memory, and forgets it. */
  isOutdated(error: unknown): boolean
}

/** A mail claimed for sending by this process only. */
export type Claimed = {
  mailId: string
  news: News
  recipient: string
  name: string
  attempts: number
  attemptsAllowed: number
  /** Trace context of the event that the mail is about. */
  traceparent?: string
}

/** Outcome of a claimed mail. */
export type Settled = { mailId: string; attempts: number; settlement: Settlement }

export type Mails = {
  /** Claims the next due mail and stores the outcome of the previous one, in one commit. */
  claim(before?: Settled): Promise<Claimed | undefined>
  settle(settled: Settled): Promise<void>
  /** Marks mails claimed over `ms` milliseconds ago and never settled; returns the count. */
  giveUp(ms: number): Promise<number>
  /** Ends mails that are held for over `ms` milliseconds; answers how many. */
  expireHeld(ms: number): Promise<number>
  find(query: NotificationQuery, viewer: Identity): Promise<Notification[]>
  /** Makes a failed or unconfirmed mail pending again. @throws Refusal `mail-not-resendable` */
  resend(mailId: string): Promise<Notification | undefined>
}

/** What a mail that confirms an address says: its link, or that the address has an account already. */
export type IssuedLink = { token: string } | 'known'

/**
 * Links that nobody keeps, for mails that are sent now. Each returns undefined when nobody waits for one any more.
 *
 * @throws Fault when that is not known
 */
export type Links = {
  confirmEmail(confirmationId: string): Promise<IssuedLink | undefined>
  resetPassword(resetId: string): Promise<IssuedLink | undefined>
}

export type MailGateway = {
  /** Sends one mail at a time. Never throws: every failure is a `Delivery`. */
  send(mail: { recipient: string; subject: string; html: string }): Promise<Delivery>
}
