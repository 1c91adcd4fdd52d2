import type { HistoryEntry, OrderStatus } from '@sidecart/orders/contract.ts'
import { formatMoney } from '../ui/money.ts'
import { brief } from './error-summary.ts'
import type { Story } from './queries.ts'

export const lanes = [
  'orders',
  'catalog',
  'payments',
  'provider',
  'notifications',
  'carts',
] as const
export type Lane = (typeof lanes)[number]

export type Kind = 'step' | 'command' | 'event' | 'retry' | 'undo' | 'mail' | 'trouble'

/** One entry in the timeline of an order. */
export type Happening = {
  at: string
  lane: Lane
  kind: Kind
  what: string
  detail?: string
  /** Effect on money and stock. */
  money?: string
  stock?: string
  traceId?: string
}

/** Merges all records about an order from all sources, sorted by time. */
export function timelineOf(story: Story): Happening[] {
  return [
    ...steps(story),
    ...stock(story),
    ...payment(story),
    ...provider(story),
    ...mailing(story),
    ...troubles(story),
  ].sort((one, other) => one.at.localeCompare(other.at))
}

const emitted: readonly OrderStatus[] = [
  'placed',
  'confirmed',
  'shipped',
  'delivered',
  'cancelled',
  'refunded',
]
const undoing: readonly OrderStatus[] = ['cancelling', 'cancelled', 'refunding', 'refunded']

const steps = ({ history }: Story): Happening[] =>
  history.map((entry, index) => ({
    at: entry.at,
    lane: 'orders',
    kind: undoing.includes(entry.status)
      ? 'undo'
      : entry.status === 'needs_attention'
        ? 'trouble'
        : 'step',
    what: entry.step,
    ...worded([
      entry.detail && brief(entry.detail),
      entry.failures &&
        `after ${entry.failures} failed ${entry.failures === 1 ? 'attempt' : 'attempts'}`,
      publishedBy(entry, history[index - 1]),
    ]),
    ...(entry.traceId && { traceId: entry.traceId }),
  }))

const publishedBy = (entry: HistoryEntry, before: HistoryEntry | undefined) =>
  emitted.includes(entry.status) && entry.status !== before?.status
    ? `publishes orders-${entry.status}-v1`
    : undefined

function worded(parts: readonly (string | number | undefined)[]): { detail?: string } {
  const detail = parts.filter(Boolean).join('; ')
  return detail ? { detail } : {}
}

const whys = {
  reserved: 'holds',
  released: 'gives back',
  sold: 'receives orders-confirmed-v1, sells',
  initial: 'begins with',
  adjusted: 'is adjusted by',
} as const

function stock({ stock }: Story): Happening[] {
  const { reservation, movements = [] } = stock ?? {}
  const refused: Happening[] = reservation?.refusal
    ? [
        {
          at: reservation.at,
          lane: 'catalog',
          kind: 'command',
          what: `refuses to reserve: ${reservation.refusal}`,
        },
      ]
    : []
  const moved = movements.map(({ at, sku, kind, onHand, reserved, sold }): Happening => {
    const pieces = Math.abs(onHand || reserved || sold)
    return {
      at,
      lane: 'catalog',
      kind: kind === 'released' ? 'undo' : kind === 'sold' ? 'event' : 'command',
      what: `${whys[kind]} ${pieces} × ${sku}`,
      stock: [
        ['on hand', onHand],
        ['reserved', reserved],
        ['sold', sold],
      ]
        .filter(([, change]) => change !== 0)
        .map(([where, change]) => `${signed(Number(change))} ${where}`)
        .join(', '),
    }
  })
  return [...refused, ...moved]
}

const signed = (change: number): string => (change > 0 ? `+${change}` : `−${-change}`)

function payment({ payment }: Story): Happening[] {
  if (!payment) return []
  const { status, updatedAt, createdAt, declineCode, amount, entries = [] } = payment
  const asked: Happening = {
    at: createdAt,
    lane: 'payments',
    kind: 'command',
    what: amount ? `is asked to charge ${formatMoney(amount)}` : 'is told never to charge',
  }
  const movements = [...new Map(entries.map((entry) => [entry.movementId, entry])).values()]
  const booked = movements.map(({ recordedAt, kind, amount }): Happening => {
    const isRefund = kind === 'refund'
    return {
      at: recordedAt,
      lane: 'payments',
      kind: isRefund ? 'undo' : 'event',
      what: isRefund ? 'records the refund' : 'records the charge',
      detail: `publishes payments-${isRefund ? 'refunded' : 'charged'}-v1`,
      money: `${isRefund ? '−' : '+'}${formatMoney(amount)}`,
    }
  })
  const declined: Happening[] =
    status === 'declined'
      ? [
          {
            at: updatedAt,
            lane: 'payments',
            kind: 'event',
            what: `notes that the card is declined`,
            detail: `${declineCode}; publishes payments-declined-v1`,
          },
        ]
      : []
  return [asked, ...booked, ...declined]
}

const provider = ({ trail }: Story): Happening[] =>
  (trail?.provider ?? []).map(({ at, effect, detail, amount }) => ({
    at,
    lane: 'provider',
    kind: effect === 'refunded' ? 'undo' : effect === 'failed' ? 'trouble' : 'command',
    what: effect,
    ...worded([amount && formatMoney({ amount, currency: 'EUR' }), detail]),
  }))

const fates: Record<string, string> = {
  held: 'waits until the address is confirmed',
  expired: 'was of no use any more',
  pending: 'waits to be sent',
  sending: 'is being sent',
  unconfirmed: 'may or may not have been sent',
  failed: 'could not be sent',
  suppressed: 'not wanted',
}

function mailing({ mails }: Story): Happening[] {
  return mails.flatMap(({ kind, status, subject, createdAt, sentAt, problem }) => {
    const fate = fates[status]
    const received: Happening = {
      at: createdAt,
      lane: 'notifications',
      kind: 'event',
      what: `receives ${kind.startsWith('payment-') ? kind.replace('payment-', 'payments-') : `orders-${kind}`}-v1`,
      ...worded([fate && `mail ${fate}`, problem]),
    }
    if (!sentAt) return [received]
    return [
      received,
      { at: sentAt, lane: 'notifications', kind: 'mail', what: 'sends a mail', detail: subject },
    ]
  })
}

const laneOf = (service: string): Lane => lanes.find((lane) => service.startsWith(lane)) ?? 'orders'

function troubles({ trail, letters }: Story): Happening[] {
  const logged = (trail?.logs ?? []).map(
    ({ at, service, message, attempts, cause, traceId, level }): Happening => ({
      at,
      lane: laneOf(service),
      kind: attempts ? 'retry' : level === 'info' ? 'step' : 'trouble',
      what: brief(message),
      ...worded([attempts && `attempt ${attempts}`, cause && brief(cause)]),
      ...(traceId && { traceId }),
    }),
  )
  const dead = letters.map(
    ({ arrivedAt, service, topic, cause, traceId }): Happening => ({
      at: arrivedAt,
      lane: laneOf(service),
      kind: 'trouble',
      what: `cannot process ${topic}`,
      detail: cause,
      ...(traceId && { traceId }),
    }),
  )
  return [...logged, ...dead]
}
