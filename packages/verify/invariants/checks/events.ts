import { catalogEvents } from '@sidecart/catalog/contract.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { paymentEvents } from '@sidecart/payments/contract.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { userEvents } from '@sidecart/users/contract.ts'
import { type Check, countsOf, without } from '../check.ts'
import type { Snapshot } from '../snapshot.ts'

export const eventChecks: readonly Check[] = [
  {
    name: 'events-processed',
    scope: 'orders',
    about: 'notifications',
    means:
      'each event about an order or its payment was noted down by notifications, once, and nothing else was',
    violations: (world) => {
      const published = eventsOfOrders(withNotices(world))
      const noted = withNotices(world).notices.map(
        ({ orderId, kind }) => `${kind} of order ${orderId}`,
      )
      return [
        ...without(published, noted).map((event) => `never received: ${event}`),
        ...without(noted, published).map(
          (event) => `received, but not published (or received twice): ${event}`,
        ),
      ]
    },
  },
  {
    name: 'contacts-known',
    scope: 'orders',
    about: 'notifications',
    means: 'each user is known to notifications',
    violations: ({ users, contacts }) => {
      const known = new Set(contacts.map(({ userId }) => userId))
      return users.filter(({ userId }) => !known.has(userId)).map(({ userId }) => `user ${userId}`)
    },
  },
  {
    name: 'mails-to-confirmed',
    scope: 'orders',
    about: 'notifications',
    means: 'no mail but the one that confirms it goes to an address that is not confirmed',
    violations: ({ contacts }) =>
      contacts
        .filter(({ mailedEarly }) => mailedEarly > 0)
        .map(({ userId, mailedEarly }) => `${mailedEarly} mails to user ${userId}`),
  },
  {
    name: 'inboxes-full',
    scope: 'shop',
    means: 'each consumer has marked as many events as received as there were',
    violations: (world) =>
      world.inboxes.filter(isCounted).flatMap(({ service, received }) => {
        const lost = world.deadLetters.filter((letter) => letter.service === service).length
        const sent = (publishedBy(world)[service] ?? 0) + (world.publishedInSlices?.[service] ?? 0)
        if (received > sent)
          return `${service} has received ${received} events, and there were only ${sent}`
        return received < sent - lost ? `${service} has received ${received} events of ${sent}` : []
      }),
  },
  {
    name: 'outboxes-empty',
    scope: 'shop',
    means: 'no event waits to be published',
    violations: ({ outboxes }) =>
      outboxes
        .filter(({ depth }) => depth > 0)
        .map(
          ({ service, depth, oldestSeconds }) =>
            `${depth} events wait in ${service}, the oldest for ${Math.round(oldestSeconds)} s`,
        ),
  },
  {
    name: 'dead-letters-expected',
    scope: 'shop',
    means:
      'no event is left that a service could not handle, but those that were broken on purpose; and of those all',
    violations: ({ deadLetters, record }) => {
      const expected = new Set(record.poison.map(({ service, id }) => `${service} ${id}`))
      const there = new Set(deadLetters.map(({ service, id }) => `${service} ${id}`))
      return [
        ...deadLetters
          .filter(({ service, id }) => !expected.has(`${service} ${id}`))
          .map(({ service, id, topic, cause }) => `${service}: ${topic} ${id}: ${cause}`),
        ...[...expected]
          .filter((letter) => !there.has(letter))
          .map((letter) => `not among the dead letters: ${letter}`),
      ]
    },
  },
  {
    name: 'mails-once',
    scope: 'orders',
    about: 'notifications',
    means: 'at most one mail per order and kind reached the inbox, and each is on record',
    violations: ({ mails, notices, withoutNotices }) => {
      const copies = countsOf(
        mails.map(({ to, subject, orderId }) => `"${subject}" about ${orderId} to ${to}`),
      )
      const deleted = new Set(withoutNotices)
      const arrived = mails.map(({ orderId }) => orderId).filter((id) => !deleted.has(id))
      const sent = notices
        .filter(({ status }) => mayHaveLeft.includes(status))
        .map(({ orderId }) => orderId)
      return [
        ...[...copies]
          .filter(([, count]) => count > 1)
          .map(([mail, count]) => `${count} times ${mail}`),
        ...without(arrived, sent).map((orderId) => `a mail about order ${orderId} not on record`),
      ]
    },
  },
  {
    name: 'mails-going-out',
    scope: 'shop',
    about: 'notifications',
    means: 'no mail waits while none is sent, and none is being sent for ever',
    violations: ({ notices }) =>
      [...notices.filter(isStuck), ...(flows(notices) ? [] : notices.filter(isOverdue))].map(
        ({ orderId, kind, status }) => `the mail "${kind}" of order ${orderId} is ${status}`,
      ),
  },
]

type Notice = Snapshot['notices'][number]

/**
 * A send interrupted by a crash is marked `unconfirmed` after 30 s, so `sending` for more than 60 s
 * is stuck.
 */
const isStuck = ({ status, sinceSeconds }: Notice) =>
  status === 'sending' && (sinceSeconds ?? 0) > 60
const isOverdue = ({ status, sinceSeconds }: Notice) =>
  status === 'pending' && (sinceSeconds ?? 0) > 30
/** Whether a mail was sent a moment ago. Mails leave one at a time. */
const flows = (notices: readonly Notice[]): boolean =>
  notices.some(({ status, sinceSeconds }) => status === 'sent' && (sinceSeconds ?? 0) < 30)

/** States of a mail possibly delivered before the mail catcher is read. */
const mayHaveLeft = ['pending', 'sending', 'sent', 'unconfirmed']

const emitted = ['placed', 'confirmed', 'cancelled', 'shipped', 'delivered', 'refunded']

const eventsOfPayment: Record<string, string[]> = {
  charged: ['payment-charged'],
  refunding: ['payment-charged'],
  refunded: ['payment-charged', 'payment-refunded'],
  declined: ['payment-declined'],
}

/** Returns the snapshot without the orders of which mails were deleted. */
function withNotices(world: Snapshot): Snapshot {
  if (world.withoutNotices.length === 0) return world
  const deleted = new Set(world.withoutNotices)
  const isThere = ({ orderId }: { orderId: string }) => !deleted.has(orderId)
  return {
    ...world,
    history: world.history.filter(isThere),
    payments: world.payments.filter(isThere),
    notices: world.notices.filter(isThere),
  }
}

/**
 * Returns the events required by the histories of orders and payments: one per state, however many
 * entries a state has.
 */
const eventsOfOrders = ({ history, payments }: Snapshot): string[] => [
  ...new Set(
    history
      .filter(({ status }) => emitted.includes(status))
      .map(({ orderId, status }) => `${status} of order ${orderId}`),
  ),
  ...payments.flatMap(({ orderId, status, refunds }) => [
    ...(eventsOfPayment[status] ?? []).map((kind) => `${kind} of order ${orderId}`),
    // notifications stores one mail of each kind per order
    ...(status !== 'refunded' && refunds.some(isDone)
      ? [`payment-refunded of order ${orderId}`]
      : []),
  ]),
]

const isDone = ({ status }: Snapshot['payments'][number]['refunds'][number]) => status === 'done'

/** Every refund is published, whether full or partial. */
const publishedRefunds = (payments: Snapshot['payments']): number =>
  payments.reduce(
    (sum, { status, refunds }) =>
      sum + refunds.filter(isDone).length + (status === 'refunded' ? 1 : 0),
    0,
  )

/** Returns the number of payments that reached one of some states. */
const inState = (states: readonly string[]) => (world: Snapshot) =>
  world.payments.filter(({ status }) => states.includes(status)).length

/** The number of events by topic. Topics without a line are not counted, nor are consumers that receive them. */
const published: Record<string, (world: Snapshot) => number> = {
  [userEvents.registered.topic]: ({ users }) => users.length,
  [userEvents.contactChanged.topic]: ({ users }) => changes(users),
  [catalogEvents.productChanged.topic]: ({ products }) => changes(products),
  ...Object.fromEntries(
    Object.entries(orderEvents).map(([state, { topic }]) => [
      topic,
      ({ history }: Snapshot) => reached(history, state),
    ]),
  ),
  [paymentEvents.charged.topic]: inState(['charged', 'refunding', 'refunded']),
  [paymentEvents.declined.topic]: inState(['declined']),
  [paymentEvents.refunded.topic]: ({ payments }) => publishedRefunds(payments),
}

/** Version 1 is a new row; every change adds one. */
const changes = (rows: readonly { version: number }[]): number =>
  rows.reduce((sum, { version }) => sum + version - 1, 0)

/** Topics by service, without services that receive a topic that is not counted. */
const counted = new Map(
  manifests
    .map(({ name, subscribesTo = [] }) => [name, subscribesTo.map(({ topic }) => topic)] as const)
    .filter(([, topics]) => topics.every((topic) => topic in published)),
)

const isCounted = ({ service }: { service: string }): boolean => counted.has(service)

const reached = (history: Snapshot['history'], state: string): number =>
  new Set(history.filter(({ status }) => status === state).map(({ orderId }) => orderId)).size

/** Returns the number of events per consumer, derived from orders, payments, products and users. */
export const publishedBy = (world: Snapshot): Record<string, number> =>
  Object.fromEntries(
    [...counted].map(([service, topics]) => [
      service,
      topics.reduce((sum, topic) => sum + (published[topic]?.(world) ?? 0), 0),
    ]),
  )
