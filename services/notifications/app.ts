import type { ProblemKind } from '@sidecart/chassis/contract/problem.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp, neverInvoked } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { type Handler, on } from '@sidecart/chassis/messaging/consumer.ts'
import { mountConsumer } from '@sidecart/chassis/messaging/consumer-routes.ts'
import type { DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import type { Inbox } from '@sidecart/chassis/messaging/inbox.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { paymentEvents } from '@sidecart/payments/contract.ts'
import { userEvents } from '@sidecart/users/contract.ts'
import { notificationsRoutes } from './contract.ts'
import {
  type Contact,
  type Draft,
  draft,
  isConfirmed,
  type News,
  needsContact,
  notices,
  type RefusalCode,
} from './domain.ts'
import type { MailGateway, Mails, NotificationRepository } from './ports.ts'
import { writeInvitation } from './templates.ts'

export type NotificationsPorts<T> = {
  records: NotificationRepository<T>
  mails: Pick<Mails, 'find' | 'resend'>
  mailGateway: MailGateway
  shopUrl: string
  inbox: Inbox<T>
  deadLetters: DeadLetters
  /** Called when a mail may be due. */
  wake: () => void
  verify: Verifier
  log: Log
  appToken?: string
  ready?: () => Promise<void>
}

const problems = {
  'mail-not-resendable': { status: 409, title: 'The mail is not sent again' },
} satisfies Record<RefusalCode, ProblemKind>

/** @param due called with the transaction of a mail that is due when the transaction commits */
export function notificationsHandlers<T>(
  { records }: Pick<NotificationsPorts<T>, 'records'>,
  due: (tx: T) => void = () => {},
): Handler<T>[] {
  async function add(tx: T, mail: Draft): Promise<void> {
    await records.add(tx, mail)
    if (mail.status === 'pending') due(tx)
  }
  async function receive(tx: T, customerId: string, news: News): Promise<void> {
    const contact = needsContact(news) ? await records.contactOf(tx, customerId) : undefined
    await add(tx, draft(news, contact))
  }
  async function receiveContact(tx: T, event: Contact): Promise<void> {
    await records.keepContact(tx, event)
    const contact = (await records.contactOf(tx, event.userId)) ?? event
    if (isConfirmed(contact)) {
      await records.release(tx, contact)
      due(tx)
    }
    for (const notice of notices(event, contact)) await add(tx, notice)
  }
  return [
    on(userEvents.registered, async (event, tx: T) => {
      await receiveContact(tx, event)
      await receive(tx, event.userId, { kind: 'welcome', event })
    }),
    on(userEvents.contactChanged, (event, tx: T) => receiveContact(tx, event)),
    on(orderEvents.placed, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'placed', event }),
    ),
    on(orderEvents.confirmed, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'confirmed', event }),
    ),
    on(orderEvents.cancelled, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'cancelled', event }),
    ),
    on(orderEvents.shipped, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'shipped', event }),
    ),
    on(orderEvents.delivered, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'delivered', event }),
    ),
    on(orderEvents.refunded, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'refunded', event }),
    ),
    on(paymentEvents.charged, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'payment-charged', event }),
    ),
    on(paymentEvents.declined, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'payment-declined', event }),
    ),
    on(paymentEvents.refunded, (event, tx: T) =>
      receive(tx, event.customerId, { kind: 'payment-refunded', event }),
    ),
  ]
}

export function createNotificationsApp<T extends object>(ports: NotificationsPorts<T>): App {
  const { records, mails, mailGateway, shopUrl, inbox, deadLetters, wake, verify, log } = ports
  const app = createApp({ ...ports, name: 'notifications', problems })

  app.use('/notifications/*', signedIn(verify))
  app.use('/notifications/dead-letters/*', signedIn(verify, 'operator'))
  app.use('/notifications/:mailId/resend', signedIn(verify, 'operator'))

  app.use('/internal/invitations/*', neverInvoked)

  app.openapi(notificationsRoutes.mailInvitation, async (c) => {
    const { email, token } = c.req.valid('json')
    const { subject, html } = writeInvitation(shopUrl, token)
    const delivery = await mailGateway.send({ recipient: email, subject, html })
    const problem = 'why' in delivery && { problem: delivery.why }
    return c.json({ outcome: delivery.outcome, ...problem }, 200)
  })

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

  const due = new WeakSet<T>()
  mountConsumer(app, {
    name: 'notifications',
    handlers: notificationsHandlers({ records }, (tx) => due.add(tx)),
    inbox: afterCommit(inbox, (tx) => due.has(tx) && wake()),
    deadLetters,
    log,
  })
  return app
}

/** An inbox that calls `done` with each transaction that has committed. */
const afterCommit = <T>(inbox: Inbox<T>, done: (tx: T) => void): Inbox<T> => ({
  async once(eventId, work) {
    let worked: T | undefined
    const outcome = await inbox.once(eventId, (tx) => {
      worked = tx
      return work(tx)
    })
    if (worked !== undefined) done(worked)
    return outcome
  },
})
