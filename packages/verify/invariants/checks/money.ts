import { type Check, kept, undone, without } from '../check.ts'
import type { Snapshot } from '../snapshot.ts'

export const moneyChecks: readonly Check[] = [
  {
    name: 'kept-orders-charged-once',
    scope: 'orders',
    means:
      'each confirmed order was captured exactly once, in full, at the provider, and what went back is what orders says, less than all',
    violations: (world) => {
      const money = byOrder(world)
      return world.orders
        .filter(({ status }) => kept.includes(status))
        .filter(({ id, total, refundedTotal }) => {
          const { captures, captured, refunded } = money(id)
          const isWhole = captures === 1 && captured === total
          return !isWhole || refunded !== refundedTotal || refunded >= captured
        })
        .map(
          ({ id, total, refundedTotal }) =>
            `order ${id} of ${total}, ${refundedTotal} returned: ${describeMoney(money(id))}`,
        )
    },
  },
  {
    name: 'undone-orders-net-zero',
    scope: 'orders',
    means: 'each cancelled or refunded order cost nothing at the provider',
    violations: (world) => {
      const money = byOrder(world)
      return world.orders
        .filter(({ status }) => undone.includes(status))
        .filter(({ id, status }) => {
          const { captures, captured, refunded } = money(id)
          return captured !== refunded || captures > 1 || (status === 'refunded' && captures !== 1)
        })
        .map(({ id, status }) => `${status} order ${id}: ${describeMoney(money(id))}`)
    },
  },
  {
    name: 'provider-agrees',
    scope: 'orders',
    means: 'what the provider captured and gave back is what the ledger says, as multisets',
    violations: ({ provider, payments }) => [
      ...compared('captured', capturedBy(provider), capturedOf(payments)),
      ...compared('refunded', refundedBy(provider), refundedOf(payments)),
    ],
  },
  {
    name: 'no-unknown-charges',
    scope: 'orders',
    means: 'each payment belongs to an order, and none is left in doubt',
    violations: ({ orders, payments }) => {
      const known = new Set(orders.map(({ id }) => id))
      return [
        ...payments
          .filter(({ orderId }) => !known.has(orderId))
          .map(({ orderId }) => `payment for order ${orderId}, which does not exist`),
        ...payments
          .filter(({ status }) => status === 'pending' || status === 'refunding')
          .map(({ orderId, status }) => `payment of order ${orderId} is ${status}`),
        ...payments
          .filter(({ status, refunds }) => status === 'charged' && refunds.some(isAsked))
          .map(({ orderId }) => `a part of the payment of order ${orderId} is being returned`),
      ]
    },
  },
  {
    name: 'ledger-balanced',
    scope: 'orders',
    means:
      'debits equal credits, in each movement and in all, and agree with the captured and returned money',
    violations: ({ ledger, payments }) => {
      const movements = Map.groupBy(ledger, ({ movementId }) => movementId)
      const unbalanced = [...movements]
        .filter(([, lines]) => balance(lines) !== 0)
        .map(
          ([id, lines]) =>
            `movement ${id} of order ${lines[0]?.orderId} is off by ${balance(lines)}`,
        )
      const lines = Map.groupBy(ledger, ({ orderId }) => orderId)
      const wrong = payments
        .filter(
          (payment) =>
            clearing(lines.get(payment.orderId) ?? []) !==
              (payment.status === 'charged' ? whatIsLeft(payment) : 0) &&
            payment.status !== 'refunding',
        )
        .map(
          ({ orderId, status, amount }) =>
            `${status} payment of order ${orderId} over ${amount} left ${clearing(lines.get(orderId) ?? [])} at the provider`,
        )
      return [...unbalanced, ...wrong]
    },
  },
]

function compared(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  return [
    ...without(theirs, ours).map((line) => `the provider ${what}, we do not know: ${line}`),
    ...without(ours, theirs).map((line) => `we say ${what}, the provider does not know: ${line}`),
  ]
}

const capturedBy = (provider: Snapshot['provider']): string[] =>
  provider
    .filter((line) => line.effect === 'captured')
    .map(({ charge, reference, amount }) => `${charge} ${reference} ${amount}`)

const capturedOf = (payments: Snapshot['payments']): string[] =>
  payments
    .filter(({ status }) => ['charged', 'refunding', 'refunded'].includes(status))
    .map(({ providerReference, orderId, amount }) => `${providerReference} ${orderId} ${amount}`)

const refundedBy = (provider: Snapshot['provider']): string[] =>
  provider
    .filter((line) => line.effect === 'refunded')
    .map(({ refund, charge, amount }) => `${refund} ${charge} ${amount}`)

const refundedOf = (payments: Snapshot['payments']): string[] =>
  payments.flatMap((payment) => {
    const { status, refundReference, providerReference, refunds } = payment
    const last = `${refundReference} ${providerReference} ${whatIsLeft(payment)}`
    return [
      ...refunds
        .filter(isDone)
        .map(({ reference, amount }) => `${reference} ${providerReference} ${amount}`),
      ...(status === 'refunded' ? [last] : []),
    ]
  })

type Payment = Snapshot['payments'][number]
const isDone = ({ status }: Payment['refunds'][number]) => status === 'done'
const isAsked = ({ status }: Payment['refunds'][number]) => status === 'asked'

/** Amount left after partial refunds. */
const whatIsLeft = ({ amount, refunds }: Payment): number =>
  refunds.filter(isDone).reduce((left, part) => left - part.amount, amount ?? 0)

type OrderMoney = { captures: number; captured: number; refunded: number }

/** Sums the provider's log per order. */
function byOrder({ provider }: Snapshot): (orderId: string) => OrderMoney {
  const nothing: OrderMoney = { captures: 0, captured: 0, refunded: 0 }
  const money = new Map<string, OrderMoney>()
  const orderOf = new Map<string, string>()
  for (const line of provider) {
    if (line.effect === 'captured') {
      const before = money.get(line.reference) ?? nothing
      money.set(line.reference, {
        ...before,
        captures: before.captures + 1,
        captured: before.captured + line.amount,
      })
      orderOf.set(line.charge, line.reference)
    } else if (line.effect === 'refunded') {
      const orderId = orderOf.get(line.charge) ?? line.charge
      const before = money.get(orderId) ?? nothing
      money.set(orderId, { ...before, refunded: before.refunded + line.amount })
    }
  }
  return (orderId) => money.get(orderId) ?? nothing
}

const describeMoney = ({ captures, captured, refunded }: OrderMoney): string =>
  `captured ${captures} times, ${captured} in all, ${refunded} returned`

const signed = ({ side, amount }: Snapshot['ledger'][number]): number =>
  side === 'debit' ? amount : -amount
const balance = (lines: Snapshot['ledger']): number =>
  lines.reduce((total, line) => total + signed(line), 0)
const clearing = (lines: Snapshot['ledger']): number =>
  balance(lines.filter(({ account }) => account === 'provider-clearing'))
