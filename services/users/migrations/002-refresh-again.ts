import { type Kysely, sql } from 'kysely'

/** Only adds: the version before works on with these columns, and its sessions stay valid. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('sessions')
    .addColumn('opened_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute()
  await db.schema
    .alterTable('refresh_tokens')
    .addColumn('salt', 'bytea')
    .addColumn('issued_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute()
}
