import type { Identity } from '@sidecart/chassis/http/authentication.ts'
import type { Notification, NotificationQuery } from './contract.ts'
import type { Contact, Delivery, Draft, News, Settlement } from './domain.ts'

/** What is kept while an event is handled, within the inbox's transaction `T`. */
export type NotificationRepository<T> = {
  /** Keeps a contact unless a newer version of it is known. */
  keepContact(tx: T, contact: Contact): Promise<void>
  contactOf(tx: T, customerId: string): Promise<Contact | undefined>
  /** Keeps the mail unless there is one of this order (or change of this customer) and kind. */
  add(tx: T, draft: Draft): Promise<void>
}

/** A mail that was taken to be sent, by this process alone. */
export type Claimed = {
  mailId: string
  news: News
  recipient: string
  name: string
  attempts: number
  attemptsAllowed: number
}

/** What became of a mail that was taken. */
export type Settled = { mailId: string; attempts: number; settlement: Settlement }

export type Mails = {
  /** Takes the next mail that is due, and stores what became of the one before, in one commit. */
  claim(before?: Settled): Promise<Claimed | undefined>
  settle(settled: Settled): Promise<void>
  /** Marks mails that were taken over `ms` milliseconds ago and never settled; answers how many. */
  giveUp(ms: number): Promise<number>
  find(query: NotificationQuery, viewer: Identity): Promise<Notification[]>
  /** Makes a failed or unconfirmed mail pending again. @throws Refusal `mail-not-resendable` */
  resend(mailId: string): Promise<Notification | undefined>
}

export type MailGateway = {
  /** Never throws: every ending is a delivery. One mail at a time. */
  send(mail: { recipient: string; subject: string; html: string }): Promise<Delivery>
}
