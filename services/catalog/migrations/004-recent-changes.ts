import { type Kysely, sql } from 'kysely'

/** What changed since a moment, and what was done for an order, is found without reading the whole history. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  'create index stock_movements_of_order on stock_movements (order_id) where order_id is not null',
  'create index stock_movements_made on stock_movements using brin (at) with (autosummarize = on)',
  'create index reservations_changed on reservations using brin (changed_at) with (autosummarize = on)',
]
