import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** Money goes back in parts, too. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table payments add column refunds jsonb not null default '[]'`.execute(db)
}
