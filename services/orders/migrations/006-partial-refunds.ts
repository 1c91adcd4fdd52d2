import { type Kysely, sql } from 'kysely'

/** What went back of the money of an order, in parts or all of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table orders
      add column refunded_total bigint not null default 0 check (refunded_total >= 0),
      add column refunds jsonb not null default '[]'`.execute(db)
  await sql`update orders set refunded_total = total where status = 'refunded'`.execute(db)
}
