import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { createWorker, type Worker } from '@sidecart/chassis/core/worker.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { Counter, registry } from '@sidecart/chassis/observability/metrics.ts'
import { inSpan } from '@sidecart/chassis/observability/telemetry.ts'
import { type Delivery, heldMs, type News, settle } from './domain.ts'
import type { Claimed, IssuedLink, Links, MailGateway, Mails, Settled } from './ports.ts'
import { type Letter, write } from './templates.ts'

export type SenderOptions = {
  mails: Mails
  mailGateway: MailGateway
  links: Links
  shopUrl: string
  log: Log
  now?: () => number
  /** Milliseconds between polls for due mails. */
  pollMs?: number
}

const attempted = new Counter({
  name: 'notifications_mails_total',
  help: 'Attempts to send a mail, by kind and outcome: sent, not-sent, rejected, unknown, obsolete',
  labelNames: ['kind', 'outcome'] as const,
  registers: [registry],
})

type WithLink = Extract<News, { kind: 'confirm-email' | 'password-reset' }>

const firstQuietMs = 5_000
const longestQuietMs = 5 * 60_000

/**
 * Creates the worker that sends due mails one after the other. A mail is committed as `sending` before being sent,
 * and settled in the commit that claims the next mail, so a process that dies leaves at most one mail in doubt. After
 * an unknown outcome the sender pauses, longer each time: a hanging mail server must not put every mail in doubt.
 */
export function createSender(options: SenderOptions): Worker {
  const { mails, mailGateway, links, shopUrl, log, now = Date.now, pollMs = 1_000 } = options
  let before: Settled | undefined
  let doubts = 0
  let quietUntil = 0

  async function round(): Promise<boolean> {
    if (now() < quietUntil) return false
    const mail = await mails.claim(before)
    before = undefined
    if (!mail) return false
    const delivery = await attempt(mail)
    before = settlementOf(mail, delivery)
    if (delivery.outcome !== 'unknown') {
      doubts = 0
      return true
    }
    quietUntil = now() + Math.min(firstQuietMs * 2 ** doubts, longestQuietMs)
    doubts += 1
    await flush()
    return false
  }

  async function attempt(mail: Claimed): Promise<Delivery> {
    const { mailId, news } = mail
    const attributes = { 'mail.kind': news.kind, 'mail.attempt': mail.attempts }
    const span = { kind: SpanKind.CLIENT, parent: mail.traceparent, attributes }
    const delivery = await inSpan('send mail', span, async (sending) => {
      const outcome = await send(mail)
      sending.setAttribute('mail.outcome', outcome.outcome)
      if (outcome.outcome !== 'sent')
        sending.setStatus({ code: SpanStatusCode.ERROR, message: outcome.outcome })
      return outcome
    })
    attempted.inc({ kind: news.kind, outcome: delivery.outcome })
    if (delivery.outcome !== 'sent') log.warn({ mailId, ...delivery }, 'a mail was not sent')
    return delivery
  }

  async function send({ news, name, recipient }: Claimed): Promise<Delivery> {
    let letter: Letter | undefined
    try {
      letter = await compose(news, name)
    } catch (error) {
      return { outcome: 'not-sent', why: (error as Error).message }
    }
    if (!letter) return { outcome: 'obsolete', why: 'Nobody waits for it any more.' }
    return mailGateway.send({ recipient, subject: letter.subject, html: letter.html })
  }

  async function compose(news: Claimed['news'], name: string): Promise<Letter | undefined> {
    if (news.kind !== 'confirm-email' && news.kind !== 'password-reset')
      return write(news, name, shopUrl)
    const issued = await issue(news)
    return issued && write(news, name, shopUrl, issued)
  }

  async function issue({ kind, event }: WithLink): Promise<IssuedLink | undefined> {
    const { confirmation, passwordReset } = event
    return kind === 'confirm-email'
      ? confirmation && links.confirmEmail(confirmation.confirmationId)
      : passwordReset && links.resetPassword(passwordReset.resetId)
  }

  const settlementOf = (mail: Claimed, delivery: Delivery): Settled => ({
    mailId: mail.mailId,
    attempts: mail.attempts,
    settlement: settle(mail, delivery, new Date(now())),
  })

  async function flush(): Promise<void> {
    if (before) await mails.settle(before)
    before = undefined
  }

  const worker = createWorker({ name: 'mail sender', log, pollMs, work: round })
  return {
    ...worker,
    stop: async () => {
      await worker.stop()
      await flush()
    },
  }
}

/** Milliseconds; longer than any attempt. */
const silentMs = 30_000

/** Creates the worker that marks mails `unconfirmed` if the sender died while sending. */
export function createStaleSendReaper({ mails, log }: { mails: Mails; log: Log }): Worker {
  const work = async () => {
    const count = await mails.giveUp(silentMs)
    if (count > 0) log.warn({ count }, 'mails may or may not have been sent')
    return false
  }
  return createWorker({ name: 'mail staleSendReaper', log, pollMs: 5_000, work })
}

/** Ends mails that were held for an address that was not confirmed in time. */
export function createHeldMailReaper({ mails, log }: { mails: Mails; log: Log }): Worker {
  const work = async () => {
    const count = await mails.expireHeld(heldMs)
    if (count > 0) log.info({ count }, 'mails to addresses that were never confirmed expired')
    return false
  }
  return createWorker({ name: 'held mail reaper', log, pollMs: 600_000, work })
}
