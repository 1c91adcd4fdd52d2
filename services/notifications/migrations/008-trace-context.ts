import type { Kysely } from 'kysely'

/** The trace of the event that a mail is about: sending the mail, later and perhaps by another process, continues it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('mails').addColumn('traceparent', 'text').execute()
}
