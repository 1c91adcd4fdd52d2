import { type Kysely, sql } from 'kysely'

/** What changed since a moment is found without reading the whole history. Block ranges cost next to nothing to keep. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index orders_changed on orders using brin (updated_at) with (autosummarize = on)`.execute(
    db,
  )
  await sql`create index order_history_changed on order_history using brin (at) with (autosummarize = on)`.execute(
    db,
  )
}
