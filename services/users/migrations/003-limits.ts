import { type Kysely, sql } from 'kysely'

/** `limits` is what `rate-limiter-flexible` expects; nothing is lost that matters when a crash empties it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create unlogged table limits (
    key varchar(255) primary key,
    points integer not null default 0,
    expire bigint
  )`.execute(db)
  await db.schema
    .createTable('known_networks')
    .addColumn('user_id', 'uuid', (column) =>
      column.notNull().references('users.user_id').onDelete('cascade'),
    )
    .addColumn('network', 'text', (column) => column.notNull())
    .addColumn('seen_at', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('known_networks_pk', ['user_id', 'network'])
    .execute()
}
