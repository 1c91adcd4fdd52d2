import { Refusal } from '@sidecart/chassis/core/errors.ts'
import { callService } from '@sidecart/chassis/sidecar/service-client.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { usersRoutes } from '@sidecart/users/contract.ts'
import type { Delivery } from './domain.ts'
import type { IssuedLink, Links, MailGateway } from './ports.ts'

const binding = 'email'
const readyMs = 5_000
const issueTimeoutMs = 5_000
/** Longer than the sidecar's own 10 s to reach the server, so that its "could not connect" is received. */
const sendTimeoutMs = 15_000

/**
 * Sends mail through the SMTP output binding `email`.
 *
 * The sidecar keeps recipient and subject of a request in the component, visible to the next request: two concurrent
 * requests can swap recipients. Therefore requests are sequential and set every field, and after a request with
 * unknown outcome the sidecar must report ready before the next one.
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

/** Links that `users` makes: they go from its answer into the mail, and are kept nowhere. */
export function createLinks(sidecar: Sidecar): Links {
  const options = { timeoutMs: issueTimeoutMs }
  return {
    confirmEmail: (confirmationId) =>
      ifAwaited(async () => {
        const input = { body: { confirmationId } }
        const { token } = await callService(
          sidecar,
          'users',
          usersRoutes.issueConfirmation,
          input,
          options,
        )
        return token === undefined ? 'known' : { token }
      }),
    resetPassword: (resetId) =>
      ifAwaited(() => {
        const input = { body: { resetId } }
        return callService(sidecar, 'users', usersRoutes.issuePasswordReset, input, options)
      }),
  }
}

async function ifAwaited(issue: () => Promise<IssuedLink>): Promise<IssuedLink | undefined> {
  try {
    return await issue()
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not-found') return undefined
    throw error
  }
}

/** The binding splits recipients at semicolons. */
const oneAddress = /^[^\s;,<>"]+@[^\s;,<>"]+$/

const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** Errors of the sidecar before connecting to the mail server. */
const notBegun = [
  /\[unavailable\] connect ECONNREFUSED/,
  /couldn't find output binding/,
  /smtp binding error:/,
]
/** Failures before a mail is handed over (connect, greet, encrypt, sign in) lack the first group. */
const binder = /sending email failed: (gomail: could not send email \d+: )?(.*)$/s
/** A reply code of the mail server: by the rules of SMTP the mail was not accepted. */
const refusedByServer = /^(\d)\d\d /

/** Returns the outcome from the sidecar's error text; `unknown` unless the mail was certainly not sent. */
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
