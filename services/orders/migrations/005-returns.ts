import { type Kysely, sql } from 'kysely'

/** Who made each step, when an order was shipped, and what comes back. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('order_history')
    .addColumn('actor', 'text')
    .addColumn('actor_id', 'uuid')
    .execute()
  await db.schema
    .alterTable('orders')
    .addColumn('shipped_at', 'timestamptz')
    .addColumn('delivered_at', 'timestamptz')
    .addColumn('goods_return', 'json')
    .execute()
  for (const statement of [returns, ...times, ...goodsKept]) await sql.raw(statement).execute(db)
}

const timeOf = (status: string) =>
  `update orders set ${status}_at = first.at
    from (select order_id, min(at) as at from order_history where status = '${status}' group by order_id) as first
    where first.order_id = orders.id`

const returns = `create index orders_returns on orders ((goods_return ->> 'status'), id)
  where goods_return is not null`

const times = [timeOf('shipped'), timeOf('delivered')]

/** Orders that were refunded before they were shipped kept their goods for ever: the saga gives them back. */
const goodsKept = [
  `update orders set reservation = 'returning', next_attempt_at = now()
    where status = 'refunded' and reservation = 'held' and shipped_at is null`,
]
