import { type Check, kept, listed } from '../check.ts'
import type { OrderRow, Snapshot } from '../snapshot.ts'

export const stockChecks: readonly Check[] = [
  {
    name: 'stock-adds-up',
    scope: 'shop',
    means:
      'initial + adjustments = on hand + reserved + sold for each product, and nothing is negative',
    violations: ({ stock, movements, promised }) => {
      const sums = new Map(movements.map((sum) => [sum.sku, sum]))
      const promises = new Map(promised.map((sum) => [sum.sku, sum]))
      return stock.flatMap((row) => {
        const { sku, onHand, reserved, sold } = row
        const sum = sums.get(sku)
        const due = promises.get(sku) ?? { reserved: 0, sold: 0 }
        if (sum?.onHand !== onHand || sum.reserved !== reserved || sum.sold !== sold)
          return `${sku}: ${JSON.stringify(row)} but the movements say ${JSON.stringify(sum)}`
        if (due.reserved !== reserved || due.sold !== sold)
          return `${sku}: ${JSON.stringify(row)} but the reservations say ${JSON.stringify(due)}`
        return onHand < 0 || reserved < 0 || sold < 0 ? `${sku}: ${JSON.stringify(row)}` : []
      })
    },
  },
  {
    name: 'stock-follows-orders',
    scope: 'orders',
    means:
      'what is sold is what kept orders hold, or refunded ones whose goods were shipped and are not back; nothing stays reserved for an order that has come to rest',
    violations: ({ orders, history, reservations }) => {
      const orderOf = new Map(orders.map((order) => [order.id, order]))
      const shipped = new Set(
        history.flatMap(({ status, orderId }) => (status === 'shipped' ? [orderId] : [])),
      )
      const reserved = new Set(reservations.map(({ orderId }) => orderId))
      return [
        ...reservations.flatMap((one) => disagreement(one, orderOf.get(one.orderId))),
        ...orders
          .filter(
            ({ id, status, goods }) =>
              status === 'refunded' && goods !== 'returned' && !shipped.has(id),
          )
          .map(
            ({ id }) => `order ${id} is refunded and was never shipped, but its goods are not back`,
          ),
        ...orders
          .filter((order) => boughtBy(order) && !reserved.has(order.id))
          .map(({ id, status }) => `order ${id} is ${status} without a reservation`),
      ]
    },
  },
  {
    name: 'stock-moved-once',
    scope: 'orders',
    means:
      'for each order a product was reserved at most once, and then sold or released at most once, and returned at most once',
    violations: ({ reservations, moves }) => {
      const movesOf = Map.groupBy(moves, ({ orderId }) => orderId)
      return reservations.flatMap((one) => {
        const found = written(movesOf.get(one.orderId) ?? [])
        const wanted = expected(one)
        return wanted.includes(found)
          ? []
          : `order ${one.orderId} is ${one.status}: ${found || 'nothing'} instead of ${wanted.join(' or ') || 'nothing'}`
      })
    },
  },
]

/** Goods of a refunded order count as sold until they are returned. */
const boughtBy = ({ status }: OrderRow): boolean => kept.includes(status) || status === 'refunded'

type Reservation = Snapshot['reservations'][number]

function disagreement({ orderId, status, lines }: Reservation, order?: OrderRow): string[] {
  if (!order) return [`a reservation for order ${orderId}, which does not exist`]
  const { status: orderStatus } = order
  if (boughtBy(order)) {
    if (status !== (order.goods === 'returned' ? 'returned' : 'sold'))
      return [
        `the stock of ${orderStatus} order ${orderId} is ${status}, its goods are ${order.goods}`,
      ]
    return listed(lines) === listed(order.lines)
      ? []
      : [`order ${orderId} is over ${listed(order.lines)}, sold was ${listed(lines)}`]
  }
  if (status === 'sold' || status === 'returned')
    return [`the stock of ${orderStatus} order ${orderId} is ${status}`]
  const held = status === 'reserved' && orderStatus === 'cancelled'
  return held ? [`the reservation of order ${orderId} is still held`] : []
}

const written = (moves: Snapshot['moves']): string =>
  moves
    .map(({ sku, kind, times }) => `${sku} ${kind}${times === 1 ? '' : ` ${times} times`}`)
    .toSorted()
    .join(', ')

const paths: Record<string, readonly string[][]> = {
  reserved: [['reserved']],
  released: [['reserved', 'released']],
  sold: [['reserved', 'sold']],
  // a refund can overtake the event of the sale
  returned: [
    ['reserved', 'sold', 'returned'],
    ['reserved', 'returned'],
  ],
  refused: [[]],
}

/**
 * Returns the possible stock movements of a reservation. A release before any reservation moves
 * nothing.
 */
const expected = ({ orderId, status, lines }: Reservation): string[] =>
  (paths[status] ?? []).map((kinds) =>
    written(lines.flatMap(({ sku }) => kinds.map((kind) => ({ orderId, sku, kind, times: 1 })))),
  )
