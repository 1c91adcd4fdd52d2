import { type Kysely, sql } from 'kysely'

/** What changed since a moment is found without reading the whole history. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index payments_changed on payments using brin (updated_at) with (autosummarize = on)`.execute(
    db,
  )
  await sql`create index ledger_entries_recorded on ledger_entries using brin (recorded_at) with (autosummarize = on)`.execute(
    db,
  )
}
