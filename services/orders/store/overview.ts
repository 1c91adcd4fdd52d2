import { euro } from '@sidecart/chassis/contract/money.ts'
import type { Database } from '@sidecart/chassis/persistence/database.ts'
import { sql } from 'kysely'
import type { CancelReason, OrderStatus, Sales } from '../contract.ts'
import type { OpenOrder, Overview } from '../ports.ts'
import { type OrdersTables, toOrder } from '../store.ts'

const open: OrderStatus[] = [
  'placed',
  'reserved',
  'charged',
  'cancelling',
  'refunding',
  'needs_attention',
]
const sold: readonly OrderStatus[] = ['confirmed', 'shipped', 'delivered']
const mostListed = 200

type Counted = { stretch: number; status: OrderStatus; orders: number; total: number }

/** Statistics over all orders, for operators. */
export function createOverview({ rows }: Database<OrdersTables>): Overview {
  async function sagas(): Promise<OpenOrder[]> {
    const found = await rows
      .selectFrom('orders')
      .innerJoinLateral(
        (query) =>
          query
            .selectFrom('order_history')
            .select(['step', 'detail'])
            .whereRef('order_id', '=', 'orders.id')
            .orderBy('version', 'desc')
            .limit(1)
            .as('last'),
        (join) => join.onTrue(),
      )
      .selectAll('orders')
      .select(['last.step', 'last.detail'])
      // a finished order may still wait for its goods to return to stock
      .where(({ eb, or }) => or([eb('status', 'in', open), eb('next_attempt_at', 'is not', null)]))
      .orderBy(sql`status = 'needs_attention'`, 'desc')
      .orderBy('id')
      .limit(mostListed)
      .execute()
    return found.map((row) => ({
      order: toOrder(row),
      failures: row.attempts,
      nextAttemptAt: row.next_attempt_at,
      lastStep: row.step,
      lastDetail: row.detail,
    }))
  }

  async function openByStatus(): Promise<ReadonlyMap<OrderStatus, number>> {
    const counted = await rows
      .selectFrom('orders')
      .select(({ fn }) => ['status', fn.countAll<number>().as('orders')])
      .where('status', 'in', open)
      .groupBy('status')
      .execute()
    const orders = new Map(counted.map((row) => [row.status, row.orders]))
    // a status without orders has to be 0 and not the last count
    return new Map(open.map((status) => [status, orders.get(status) ?? 0]))
  }

  async function sales(from: Date, seconds: number, stretches: number) {
    const first = firstIdOf(from)
    const { rows: counted } = await sql<Counted>`
      select floor(extract(epoch from placed_at - ${from}) / ${seconds}::float)::int as stretch, status,
        count(*)::int as orders, coalesce(sum(total), 0)::bigint as total
      from orders where id >= ${first}::uuid and placed_at >= ${from} group by 1, 2`.execute(rows)
    const { rows: reasons } = await sql<{ reason: CancelReason; orders: number }>`
      select reason, count(*)::int as orders from orders
      where id >= ${first}::uuid and placed_at >= ${from} and reason is not null group by 1 order by 2 desc`.execute(
      rows,
    )
    const stretch = (_: unknown, place: number) => salesOf(counted, from, seconds, place)
    return { sales: Array.from({ length: stretches }, stretch), reasons }
  }

  return { sagas, openByStatus, sales }
}

function salesOf(counted: readonly Counted[], from: Date, seconds: number, place: number): Sales {
  const here = counted.filter(({ stretch }) => stretch === place)
  const of = (...statuses: readonly OrderStatus[]) =>
    here.filter(({ status }) => statuses.includes(status))
  const orders = (found: readonly Counted[]) => found.reduce((sum, one) => sum + one.orders, 0)
  return {
    from: new Date(from.getTime() + place * seconds * 1000).toISOString(),
    placed: orders(here),
    sold: orders(of(...sold)),
    cancelled: orders(of('cancelled')),
    refunded: orders(of('refunded')),
    open: orders(of(...open)),
    revenue: euro(of(...sold).reduce((sum, { total }) => sum + Number(total), 0)),
  }
}

/** Returns the smallest id of this time: ids begin with the time of creation, so later orders have greater ids. */
function firstIdOf(at: Date): string {
  const time = at.getTime().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`
}
