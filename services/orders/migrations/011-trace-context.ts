import type { Kysely } from 'kysely'

/** The trace of the request that last gave the saga something to do: a retry, also by another process, continues it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('orders').addColumn('traceparent', 'text').execute()
}
