import { type Kysely, sql } from 'kysely'

/** One purchase is one order: what an order stands for is unique among the orders of a customer. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('orders').addColumn('purchase', 'text').execute()
  await db.schema
    .createIndex('orders_purchase')
    .on('orders')
    .unique()
    .columns(['customer_id', 'purchase'])
    .where(sql.ref('purchase'), 'is not', null)
    .execute()
}
