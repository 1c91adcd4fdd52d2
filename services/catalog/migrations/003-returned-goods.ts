import { type Kysely, sql } from 'kysely'

/** Goods of a refunded order go back on hand. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const kinds = "'reserved', 'released', 'sold', 'returned'"

const statements = [
  'alter table reservations drop constraint reservations_status_check',
  `alter table reservations add constraint reservations_status_check
    check (status in ('reserved', 'refused', 'released', 'sold', 'returned'))`,
  'alter table stock_movements drop constraint stock_movements_kind_check',
  `alter table stock_movements add constraint stock_movements_kind_check
    check (kind in ('initial', 'adjusted', ${kinds}))`,
  'alter table stock_movements drop constraint stock_movements_check',
  `alter table stock_movements add constraint stock_movements_check
    check ((order_id is not null) = (kind in (${kinds})))`,
]
