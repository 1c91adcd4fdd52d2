import { type Kysely, sql } from 'kysely'

/** What changed since a moment is found without reading the whole history. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['created_at', 'claimed_at', 'sent_at', 'due_at'])
    await sql`create index ${sql.ref(`mails_${column}`)} on mails using brin (${sql.ref(column)}) with (autosummarize = on)`.execute(
      db,
    )
}
