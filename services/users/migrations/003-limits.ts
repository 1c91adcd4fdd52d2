import { type Kysely, sql } from 'kysely'

/** `limits` is what `rate-limiter-flexible` expects. It is logged: a crash of the server must not forgive anybody. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table limits (
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
