import type { z } from '@sidecart/chassis/contract/openapi.ts'
import { Fault, refused } from '@sidecart/chassis/core/errors.ts'
import type { orderEvents } from '@sidecart/orders/contract.ts'
import type { paymentEvents } from '@sidecart/payments/contract.ts'
import type { Preferences, userEvents } from '@sidecart/users/contract.ts'
import type { MailKind, MailStatus } from './contract.ts'

export type RefusalCode = 'mail-not-resendable'

type DataOf<F extends { schema: z.ZodType }> = z.output<F['schema']>
type Events = {
  'confirm-email': DataOf<typeof userEvents.contactChanged>
  welcome: DataOf<typeof userEvents.registered>
  'email-changed': DataOf<typeof userEvents.contactChanged>
  'password-changed': DataOf<typeof userEvents.contactChanged>
  'password-reset': DataOf<typeof userEvents.contactChanged>
  'second-factor-changed': DataOf<typeof userEvents.contactChanged>
  placed: DataOf<typeof orderEvents.placed>
  confirmed: DataOf<typeof orderEvents.confirmed>
  cancelled: DataOf<typeof orderEvents.cancelled>
  shipped: DataOf<typeof orderEvents.shipped>
  delivered: DataOf<typeof orderEvents.delivered>
  refunded: DataOf<typeof orderEvents.refunded>
  'payment-charged': DataOf<typeof paymentEvents.charged>
  'payment-declined': DataOf<typeof paymentEvents.declined>
  'payment-refunded': DataOf<typeof paymentEvents.refunded>
}

/** An event a customer may want to know about, and the kind of mail. */
export type News = { [K in MailKind]: { kind: K; event: Events[K] } }[MailKind]

export type Contact = Events['welcome']

/** A mail to store when an event is received. */
export type Draft = {
  customerId: string
  orderId?: string
  news: News
  /** Recipient, if not the contact's address. */
  sendTo?: string
  status: Extract<MailStatus, 'held' | 'pending' | 'suppressed' | 'recorded'>
  /** Version of the contact that decided on the status. */
  contactVersion?: number
}

/**
 * The preference checked for each kind of mail. Payment mails are only recorded, never sent: the order's mails
 * contain the same information.
 */
const wants: Record<MailKind, 'always' | 'never' | keyof Preferences> = {
  'confirm-email': 'always',
  welcome: 'always',
  'email-changed': 'always',
  'password-changed': 'always',
  'password-reset': 'always',
  'second-factor-changed': 'always',
  placed: 'orderUpdates',
  confirmed: 'orderUpdates',
  cancelled: 'orderUpdates',
  shipped: 'orderUpdates',
  delivered: 'orderUpdates',
  refunded: 'paymentUpdates',
  'payment-charged': 'never',
  'payment-declined': 'never',
  'payment-refunded': 'never',
}

/** Returns whether the contact must be known to process this news. */
export const needsContact = ({ kind }: News): boolean => wants[kind] !== 'never'

/** @throws Fault `contact-unknown` when no event about the customer was received yet */
export function draft(news: News, contact: Contact | undefined): Draft {
  const about =
    'userId' in news.event
      ? { customerId: news.event.userId }
      : { customerId: news.event.customerId, orderId: news.event.orderId }
  const wanted = wants[news.kind]
  if (wanted === 'never') return { ...about, news, status: 'recorded' }
  if (!contact)
    throw new Fault('contact-unknown', `Customer ${about.customerId} has not been heard of yet.`)
  const yes = wanted === 'always' || contact.preferences[wanted]
  const status = yes ? goingTo(contact) : 'suppressed'
  return { ...about, news, status, contactVersion: contact.version }
}

/** To an address that is not confirmed goes nothing but the mail that confirms it: it may be a stranger's. */
const goingTo = (contact: Contact) => (isConfirmed(contact) ? 'pending' : 'held')

export const isConfirmed = ({ confirmed = true }: Contact): boolean => confirmed

/** How long a mail is held for an address that is never confirmed. */
export const heldMs = 7 * 24 * 3_600_000

/**
 * Mails about the account itself, whatever its preferences: those with a link that confirms an address or sets another
 * password, and those that tell the owner what was changed. Of another e-mail both addresses are told.
 *
 * @param contact the newest that is known, which may be newer than the event
 */
export function notices(event: Events['email-changed'], contact: Contact): Draft[] {
  const { userId: customerId, formerEmail, passwordChanged, secondFactor } = event
  const { confirmation, passwordReset } = event
  const notice = (
    kind:
      | 'confirm-email'
      | 'password-reset'
      | 'email-changed'
      | 'password-changed'
      | 'second-factor-changed',
    sendTo: string,
    status: Draft['status'] = 'pending',
  ): Draft => ({ customerId, news: { kind, event }, sendTo, status })
  const email = isConfirmed(event) ? event.email : contact.email
  return [
    ...(confirmation ? [notice('confirm-email', confirmation.email)] : []),
    ...(passwordReset ? [notice('password-reset', event.email, goingTo(event))] : []),
    ...(formerEmail ? [notice('email-changed', formerEmail), notice('email-changed', email)] : []),
    ...(passwordChanged ? [notice('password-changed', email, goingTo(contact))] : []),
    ...(secondFactor ? [notice('second-factor-changed', email, goingTo(contact))] : []),
  ]
}

/** Outcome of sending a mail. Only `not-sent` may be retried. */
export type Delivery =
  /** It was not sent: it is of no use any more. */
  | { outcome: 'obsolete'; why: string }
  | { outcome: 'sent' }
  /** Certainly not sent; a retry may succeed. */
  | { outcome: 'not-sent'; why: string }
  /** Certainly not sent, and a retry cannot succeed. */
  | { outcome: 'rejected'; why: string }
  /** May have been sent. */
  | { outcome: 'unknown'; why: string }

export type Settlement =
  | { status: 'sent'; at: Date }
  | { status: 'pending'; notBefore: Date; problem: string }
  | { status: 'failed' | 'unconfirmed' | 'expired'; problem: string }

/** Number of attempts before a mail fails; an operator's resend allows the same number again. */
export const attemptsAllowed = 10
const firstPauseMs = 5_000
const longestPauseMs = 30 * 60_000

/** Returns the new status of a mail. A mail with unknown outcome is never resent automatically. */
export function settle(
  mail: { attempts: number; attemptsAllowed: number },
  delivery: Delivery,
  now: Date,
): Settlement {
  switch (delivery.outcome) {
    case 'sent':
      return { status: 'sent', at: now }
    case 'unknown':
      return { status: 'unconfirmed', problem: delivery.why }
    case 'rejected':
      return { status: 'failed', problem: delivery.why }
    case 'obsolete':
      return { status: 'expired', problem: delivery.why }
    case 'not-sent':
      if (mail.attempts >= mail.attemptsAllowed) return { status: 'failed', problem: delivery.why }
      return {
        status: 'pending',
        notBefore: new Date(now.getTime() + pauseMs(mail)),
        problem: delivery.why,
      }
  }
}

/** Returns the delay: 5 s, 10 s, 20 s … up to half an hour; after a resend from the beginning. */
function pauseMs(mail: { attempts: number; attemptsAllowed: number }): number {
  const tries = mail.attempts - (mail.attemptsAllowed - attemptsAllowed)
  return Math.min(firstPauseMs * 2 ** Math.max(0, tries - 1), longestPauseMs)
}

/** @throws Refusal `mail-not-resendable` */
export function mustBeResendable(status: MailStatus): void {
  if (status !== 'failed' && status !== 'unconfirmed')
    throw refused(
      'mail-not-resendable',
      `The mail is ${status}; only one that failed or is unconfirmed is sent again.`,
    )
}
