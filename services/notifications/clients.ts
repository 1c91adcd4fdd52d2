import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import type { Delivery } from './domain.ts'
import type { MailGateway } from './ports.ts'

const binding = 'email'
const readyMs = 5_000
/** Longer than the sidecar's own 10 s to reach the server, so that its "could not connect" is received. */
const sendTimeoutMs = 15_000

/**
 * Mail through the SMTP output binding `email`.
 *
 * The sidecar keeps recipient and subject of a request in the component itself, for the next request to see: two
 * requests at the same time can swap recipients. So requests go one after the other and name every field; and
 * after one whose end is not known the sidecar has to answer before the next begins.
 */
export function createMailGateway(
  sidecar: Pick<Sidecar, 'bind' | 'ready'>,
  { from }: { from: string },
): MailGateway {
  let before: Promise<Delivery> = Promise.resolve({ outcome: 'sent' })

  async function deliver(
    mail: Parameters<MailGateway['send']>[0],
    last: Delivery,
  ): Promise<Delivery> {
    if (!oneAddress.test(mail.recipient))
      return { outcome: 'rejected', why: 'The recipient is not one mail address.' }
    const metadata = { emailFrom: from, emailTo: mail.recipient, subject: oneLine(mail.subject) }
    try {
      if (last.outcome === 'unknown') await sidecar.ready(readyMs)
    } catch (error) {
      return { outcome: 'not-sent', why: messageOf(error) }
    }
    try {
      await sidecar.bind(binding, 'create', mail.html, metadata, sendTimeoutMs)
      return { outcome: 'sent' }
    } catch (error) {
      return deliveryOf(messageOf(error))
    }
  }

  return {
    send(mail) {
      before = before.then((last) => deliver(mail, last))
      return before
    },
  }
}

/** The binding splits recipients at semicolons. */
const oneAddress = /^[^\s;,<>"]+@[^\s;,<>"]+$/

const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** What the sidecar says when it has not begun to talk to a mail server. */
const notBegun = [
  /\[unavailable\] connect ECONNREFUSED/,
  /couldn't find output binding/,
  /smtp binding error:/,
]
/** Everything before a mail is handed over (connect, greet, encrypt, sign in) fails without the second half. */
const binder = /sending email failed: (gomail: could not send email \d+: )?(.*)$/s
/** The mail server's own words: by the rules of SMTP it has not taken the mail. */
const refusedByServer = /^(\d)\d\d /

/** Reads from the sidecar's message whether the mail was certainly not sent; in doubt it may have been. */
export function deliveryOf(why: string): Delivery {
  if (notBegun.some((pattern) => pattern.test(why))) return { outcome: 'not-sent', why }
  const [, handedOver, reason = ''] = binder.exec(why) ?? []
  if (reason && !handedOver) return { outcome: 'not-sent', why }
  if (reason.startsWith('gomail: invalid address')) return { outcome: 'rejected', why }
  const digit = refusedByServer.exec(reason)?.[1]
  if (digit === '4') return { outcome: 'not-sent', why }
  if (digit === '5') return { outcome: 'rejected', why }
  return { outcome: 'unknown', why }
}
