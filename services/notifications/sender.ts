import { createWorker, type Worker } from '@sidecart/chassis/core/worker.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { Counter, registry } from '@sidecart/chassis/observability/metrics.ts'
import { type Delivery, settle } from './domain.ts'
import type { Claimed, MailGateway, Mails, Settled } from './ports.ts'
import { write } from './templates.ts'

export type SenderOptions = {
  mails: Mails
  mailGateway: MailGateway
  shopUrl: string
  log: Log
  now?: () => number
  /** Milliseconds between polls for due mails. */
  pollMs?: number
}

const attempted = new Counter({
  name: 'notifications_mails_total',
  help: 'Attempts to send a mail, by kind and outcome: sent, not-sent, rejected, unknown',
  labelNames: ['kind', 'outcome'] as const,
  registers: [registry],
})

const firstQuietMs = 5_000
const longestQuietMs = 5 * 60_000

/**
 * Creates the worker that sends due mails one after the other. A mail is committed as `sending` before being sent,
 * and settled in the commit that claims the next mail, so a process that dies leaves at most one mail in doubt. After
 * an unknown outcome the sender pauses, longer each time: a hanging mail server must not put every mail in doubt.
 */
export function createSender(options: SenderOptions): Worker {
  const { mails, mailGateway, shopUrl, log, now = Date.now, pollMs = 1_000 } = options
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

  async function attempt({ mailId, news, name, recipient }: Claimed): Promise<Delivery> {
    const { subject, html } = write(news, name, shopUrl)
    const delivery = await mailGateway.send({ recipient, subject, html })
    attempted.inc({ kind: news.kind, outcome: delivery.outcome })
    if (delivery.outcome !== 'sent') log.warn({ mailId, ...delivery }, 'a mail was not sent')
    return delivery
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
