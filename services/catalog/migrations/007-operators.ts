import { addHandledBy } from '@sidecart/chassis/persistence/messaging-tables.ts'
import type { Kysely } from 'kysely'

/** Which operator adjusted the stock, and which one handled a dead letter. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addHandledBy(db)
  await db.schema.alterTable('stock_movements').addColumn('operator_id', 'uuid').execute()
}
