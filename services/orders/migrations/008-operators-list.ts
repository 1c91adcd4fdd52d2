import { createFold } from '@sidecart/chassis/persistence/text-search.ts'
import { type Kysely, sql } from 'kysely'

/** Operators find orders by the name on the parcel, by either end of the id, and by the day. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createFold(db)
  for (const statement of indexes) await sql.raw(statement).execute(db)
}

const indexes = [
  // signs between words would make numbers of what follows them: `4-7` are 4 and -7 to PostgreSQL
  `create function name_words(ship_to json) returns text
    language sql immutable parallel safe strict return
    regexp_replace(fold(ship_to ->> 'name'), '[^[:alnum:]]+', ' ', 'g')`,
  `create index orders_name on orders using gin (to_tsvector('simple', name_words(ship_to)))`,
  'create index orders_id_end on orders (reverse(id::text) text_pattern_ops)',
  'create index orders_placed_at on orders (placed_at)',
]
