import { type Check, rests } from '../check.ts'
import type { OrderRow, Snapshot } from '../snapshot.ts'

/** The legal successors of each status in an order's history. */
const legal: Record<string, readonly string[]> = {
  placed: ['reserved', 'cancelling'],
  reserved: ['charged', 'cancelling'],
  charged: ['confirmed'],
  confirmed: ['confirmed', 'shipped', 'refunding', 'needs_attention'],
  shipped: ['shipped', 'delivered', 'refunding', 'needs_attention'],
  delivered: ['delivered', 'refunding', 'needs_attention'],
  cancelling: ['cancelling', 'cancelled', 'needs_attention'],
  refunding: ['refunding', 'refunded', 'needs_attention'],
  needs_attention: [
    'needs_attention',
    'cancelling',
    'confirmed',
    'shipped',
    'delivered',
    'refunding',
    'refunded',
  ],
  cancelled: [],
  refunded: ['refunded', 'needs_attention'],
}

/** A running saga is resumed every few seconds, even under faults. */
const mostOverdueSeconds = 30

export const orderChecks: readonly Check[] = [
  {
    name: 'orders-terminal',
    scope: 'orders',
    means: 'each order has come to rest',
    violations: ({ orders }) =>
      orders.filter((order) => !rests(order)).map(({ id, status }) => `order ${id} is ${status}`),
  },
  {
    name: 'orders-driven',
    scope: 'orders',
    means: 'no order that is under way was forgotten, and none at rest is driven',
    violations: ({ orders }) => orders.flatMap(neglected),
  },
  {
    name: 'histories-legal',
    scope: 'orders',
    means: 'each history is a legal path whose versions rise by one',
    violations: ({ orders, history }) => {
      const paths = Map.groupBy(history, ({ orderId }) => orderId)
      return orders.flatMap((order) => illegal(order, paths.get(order.id) ?? []))
    },
  },
]

function neglected(order: OrderRow): string[] {
  const { id, status, overdueSeconds } = order
  if (rests(order) || status === 'needs_attention')
    return overdueSeconds === null ? [] : [`order ${id} is ${status}, and still driven`]
  if (overdueSeconds === null) return [`order ${id} is ${status}, and nobody will drive it`]
  return overdueSeconds > mostOverdueSeconds
    ? [`order ${id} is ${status}, and due for ${Math.round(overdueSeconds)} s`]
    : []
}

function illegal(order: OrderRow, path: Snapshot['history']): string[] {
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
