import type { ProblemKind } from '@sidecart/chassis/contract/problem.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { type Handler, on } from '@sidecart/chassis/messaging/consumer.ts'
import { subscribe } from '@sidecart/chassis/messaging/consumer-routes.ts'
import type { DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import type { Inbox } from '@sidecart/chassis/messaging/inbox.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { orders } from '@sidecart/orders/contract.ts'
import { payments } from '@sidecart/payments/contract.ts'
import { users } from '@sidecart/users/contract.ts'
import { notificationsRoutes } from './contract.ts'
import { draft, type News, needsContact, notices, type RefusalCode } from './domain.ts'
import type { Mails, Records } from './ports.ts'

export type NotificationsPorts<T> = {
  records: Records<T>
  mails: Pick<Mails, 'find' | 'resend'>
  inbox: Inbox<T>
  deadLetters: DeadLetters
  /** Called when there may be a mail to send. */
  wake: () => void
  verify: Verifier
  log: Log
  appToken?: string
  ready?: () => Promise<void>
}

const problems = {
  'mail-not-resendable': { status: 409, title: 'The mail is not sent again' },
} satisfies Record<RefusalCode, ProblemKind>

export function notificationsHandlers<T>({
  records,
}: Pick<NotificationsPorts<T>, 'records'>): Handler<T>[] {
  async function hear(tx: T, customerId: string, news: News): Promise<void> {
    const contact = needsContact(news) ? await records.contactOf(tx, customerId) : undefined
    await records.add(tx, draft(news, contact))
  }
  return [
    on(users.registered, async (fact, tx: T) => {
      await records.keepContact(tx, fact)
      await hear(tx, fact.userId, { kind: 'welcome', fact })
    }),
    on(users.contactChanged, async (fact, tx: T) => {
      await records.keepContact(tx, fact)
      for (const notice of notices(fact)) await records.add(tx, notice)
    }),
    on(orders.placed, (fact, tx: T) => hear(tx, fact.customerId, { kind: 'placed', fact })),
    on(orders.confirmed, (fact, tx: T) => hear(tx, fact.customerId, { kind: 'confirmed', fact })),
    on(orders.cancelled, (fact, tx: T) => hear(tx, fact.customerId, { kind: 'cancelled', fact })),
    on(orders.shipped, (fact, tx: T) => hear(tx, fact.customerId, { kind: 'shipped', fact })),
    on(orders.delivered, (fact, tx: T) => hear(tx, fact.customerId, { kind: 'delivered', fact })),
    on(orders.refunded, (fact, tx: T) => hear(tx, fact.customerId, { kind: 'refunded', fact })),
    on(payments.charged, (fact, tx: T) =>
      hear(tx, fact.customerId, { kind: 'payment-charged', fact }),
    ),
    on(payments.declined, (fact, tx: T) =>
      hear(tx, fact.customerId, { kind: 'payment-declined', fact }),
    ),
    on(payments.refunded, (fact, tx: T) =>
      hear(tx, fact.customerId, { kind: 'payment-refunded', fact }),
    ),
  ]
}

export function createNotificationsApp<T>(ports: NotificationsPorts<T>): App {
  const { records, mails, inbox, deadLetters, wake, verify, log } = ports
  const app = createApp({ ...ports, name: 'notifications', problems })

  app.use('/notifications/*', signedIn(verify))
  app.use('/notifications/dead-letters/*', signedIn(verify, 'operator'))
  app.use('/notifications/:mailId/resend', signedIn(verify, 'operator'))

  app.openapi(notificationsRoutes.list, async (c) => {
    const query = c.req.valid('query')
    const notifications = await mails.find(query, c.get('identity'))
    const last = notifications.length === query.limit ? notifications.at(-1) : undefined
    return c.json({ notifications, ...(last && { nextCursor: last.mailId }) }, 200)
  })

  app.openapi(notificationsRoutes.resend, async (c) => {
    const mail = await mails.resend(c.req.valid('param').mailId)
    if (!mail) throw refused('not-found', 'There is no such mail.')
    wake()
    return c.json(mail, 200)
  })

  subscribe(app, {
    name: 'notifications',
    handlers: notificationsHandlers({ records }),
    inbox: waking(inbox, wake),
    deadLetters,
    log,
  })
  return app
}

/** An inbox after whose commits somebody is woken. */
const waking = <T>(inbox: Inbox<T>, wake: () => void): Inbox<T> => ({
  async once(eventId, work) {
    const outcome = await inbox.once(eventId, work)
    wake()
    return outcome
  },
})
