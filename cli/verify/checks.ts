import type { OrderRow, World } from './world.ts'

/** What is wrong, one line per finding, with ids. Nothing: the equation holds. */
export type Check = { name: string; says: string; violations(world: World): string[] }

const kept = ['confirmed', 'shipped', 'delivered']
const resting = [...kept, 'cancelled', 'refunded']

/** Each state and the states that may follow it in an order's history. */
const legal: Record<string, readonly string[]> = {
  placed: ['reserved', 'cancelling'],
  reserved: ['charged', 'cancelling'],
  charged: ['confirmed'],
  confirmed: ['shipped', 'refunding'],
  shipped: ['delivered', 'refunding'],
  delivered: ['refunding'],
  cancelling: ['cancelling', 'cancelled', 'needs_attention'],
  refunding: ['refunding', 'refunded', 'needs_attention'],
  needs_attention: ['needs_attention', 'cancelling', 'refunding'],
  cancelled: [],
  refunded: [],
}

export const checks: readonly Check[] = [
  {
    name: 'orders-terminal',
    says: 'each order has come to rest',
    violations: ({ orders }) =>
      orders
        .filter(({ status }) => !resting.includes(status))
        .map(({ id, status }) => `order ${id} is ${status}`),
  },
  {
    name: 'histories-legal',
    says: 'each history is a legal path whose versions rise by one',
    violations: ({ orders, history }) => {
      const paths = Map.groupBy(history, ({ orderId }) => orderId)
      return orders.flatMap((order) => illegal(order, paths.get(order.id) ?? []))
    },
  },
  {
    name: 'kept-orders-charged-once',
    says: 'each confirmed order was captured exactly once, in full, at the provider, and nothing went back',
    violations: (world) => {
      const money = byOrder(world)
      return world.orders
        .filter(({ status }) => kept.includes(status))
        .filter(({ id, total }) => {
          const { captures, captured, refunded } = money(id)
          return captures !== 1 || captured !== total || refunded !== 0
        })
        .map(({ id, total }) => `order ${id} of ${total}: ${describeMoney(money(id))}`)
    },
  },
  {
    name: 'undone-orders-net-zero',
    says: 'each cancelled or refunded order cost nothing at the provider',
    violations: (world) => {
      const money = byOrder(world)
      return world.orders
        .filter(({ status }) => status === 'cancelled' || status === 'refunded')
        .filter(({ id }) => money(id).captured !== money(id).refunded || money(id).captures > 1)
        .map(({ id, status }) => `${status} order ${id}: ${describeMoney(money(id))}`)
    },
  },
  {
    name: 'provider-agrees',
    says: 'what the provider captured and gave back is what our books say, as multisets',
    violations: ({ provider, payments }) => {
      const theirs = provider
        .filter((line) => line.effect === 'captured')
        .map(({ charge, reference, amount }) => `${charge} ${reference} ${amount}`)
      const ours = payments
        .filter(({ status }) => ['charged', 'refunding', 'refunded'].includes(status))
        .map(
          ({ providerReference, orderId, amount }) => `${providerReference} ${orderId} ${amount}`,
        )
      return [
        ...without(theirs, ours).map((line) => `the provider captured, we do not know: ${line}`),
        ...without(ours, theirs).map(
          (line) => `we say captured, the provider does not know: ${line}`,
        ),
      ]
    },
  },
  {
    name: 'no-unknown-charges',
    says: 'each payment belongs to an order, and none is left in doubt',
    violations: ({ orders, payments }) => {
      const known = new Set(orders.map(({ id }) => id))
      return [
        ...payments
          .filter(({ orderId }) => !known.has(orderId))
          .map(({ orderId }) => `payment for order ${orderId}, which does not exist`),
        ...payments
          .filter(({ status }) => status === 'pending' || status === 'refunding')
          .map(({ orderId, status }) => `payment of order ${orderId} is ${status}`),
      ]
    },
  },
  {
    name: 'ledger-balanced',
    says: 'debits equal credits, in each movement and in all, and agree with the captured and returned money',
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
          ({ orderId, status, amount }) =>
            clearing(lines.get(orderId) ?? []) !== (status === 'charged' ? amount : 0) &&
            status !== 'refunding',
        )
        .map(
          ({ orderId, status, amount }) =>
            `${status} payment of order ${orderId} over ${amount} left ${clearing(lines.get(orderId) ?? [])} at the provider`,
        )
      return [...unbalanced, ...wrong]
    },
  },
  {
    name: 'stock-adds-up',
    says: 'initial + adjustments = on hand + reserved + sold for each product, and nothing is negative',
    violations: ({ stock, movements }) => {
      const sums = new Map(movements.map((sum) => [sum.sku, sum]))
      return stock
        .filter((row) => {
          const sum = sums.get(row.sku)
          const agree =
            sum &&
            sum.onHand === row.onHand &&
            sum.reserved === row.reserved &&
            sum.sold === row.sold
          return !agree || row.onHand < 0 || row.reserved < 0 || row.sold < 0
        })
        .map(
          (row) =>
            `${row.sku}: ${JSON.stringify(row)} but the movements say ${JSON.stringify(sums.get(row.sku))}`,
        )
    },
  },
  {
    name: 'stock-follows-orders',
    says: 'what is sold is what kept or refunded orders hold, and nothing stays reserved for an order that has come to rest',
    violations: ({ orders, stock, reservations }) => {
      const resolved = new Map(orders.map((order) => [order.id, order]))
      const sold = new Map<string, number>()
      for (const { status, lines } of orders) {
        if (kept.includes(status) || status === 'refunded')
          for (const { sku, quantity } of lines) sold.set(sku, (sold.get(sku) ?? 0) + quantity)
      }
      const oversold = stock
        .filter((row) => row.sold !== (sold.get(row.sku) ?? 0))
        .map((row) => `${row.sku}: ${row.sold} sold, orders say ${sold.get(row.sku) ?? 0}`)
      const stuck = reservations
        .filter(
          ({ orderId, status }) =>
            status === 'reserved' && resting.includes(resolved.get(orderId)?.status ?? 'cancelled'),
        )
        .map(({ orderId }) => `the reservation of order ${orderId} is still held`)
      return [...oversold, ...stuck]
    },
  },
  {
    name: 'mails-once',
    says: 'at most one mail per order and kind reached the inbox',
    violations: ({ mails }) =>
      [
        ...Map.groupBy(
          mails,
          ({ to, subject, orderId }) => `"${subject}" about ${orderId} to ${to}`,
        ),
      ]
        .filter(([, copies]) => copies.length > 1)
        .map(([mail, copies]) => `${copies.length} times ${mail}`),
  },
  {
    name: 'outboxes-empty',
    says: 'no fact waits to be published',
    violations: ({ outboxes }) =>
      outboxes
        .filter(({ depth }) => depth > 0)
        .map(({ service, depth }) => `${depth} facts wait in ${service}`),
  },
  {
    name: 'no-dead-letters',
    says: 'no fact is left that a service could not handle',
    violations: ({ deadLetters }) =>
      deadLetters.map(({ service, id, topic, cause }) => `${service}: ${topic} ${id}: ${cause}`),
  },
]

export type Result = { name: string; ok: boolean; detail: string }

/** Runs every check; `detail` says what holds, or the first findings. */
export function runChecks(world: World, shown = 5): Result[] {
  return checks.map(({ name, says, violations }) => {
    const found = violations(world)
    if (found.length === 0) return { name, ok: true, detail: says }
    const more = found.length > shown ? ` … and ${found.length - shown} more` : ''
    return { name, ok: false, detail: `${found.slice(0, shown).join('; ')}${more}` }
  })
}

function illegal(order: OrderRow, path: World['history']): string[] {
  const steps = path.toSorted((one, other) => one.version - other.version)
  const gap = steps.findIndex(({ version }, index) => version !== index + 1)
  if (gap >= 0) return [`order ${order.id} has no version ${gap + 1}`]
  if (steps.length !== order.version)
    return [`order ${order.id} is at version ${order.version} with ${steps.length} steps`]
  if (steps[0]?.status !== 'placed' || steps.at(-1)?.status !== order.status)
    return [`order ${order.id} is ${order.status}, its history does not say so`]
  const jump = steps.findIndex(
    ({ status }, index) => index > 0 && !legal[steps[index - 1]?.status ?? '']?.includes(status),
  )
  return jump > 0
    ? [`order ${order.id} went from ${steps[jump - 1]?.status} to ${steps[jump]?.status}`]
    : []
}

type OrderMoney = { captures: number; captured: number; refunded: number }

/** What the provider's own log says of each order. */
function byOrder({ provider }: World): (orderId: string) => OrderMoney {
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

function without(these: readonly string[], those: readonly string[]): string[] {
  const left = new Map<string, number>()
  for (const line of those) left.set(line, (left.get(line) ?? 0) + 1)
  return these.filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

const signed = ({ side, amount }: World['ledger'][number]): number =>
  side === 'debit' ? amount : -amount
const balance = (lines: World['ledger']): number =>
  lines.reduce((total, line) => total + signed(line), 0)
const clearing = (lines: World['ledger']): number =>
  balance(lines.filter(({ account }) => account === 'provider-clearing'))
