import type { Kysely } from 'kysely'

/** Each step says which trace it belongs to, and how often it was tried without success. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('order_history')
    .addColumn('trace_id', 'text')
    .addColumn('failures', 'integer')
    .execute()
}
