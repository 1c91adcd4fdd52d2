import { createFold } from '@sidecart/chassis/persistence/text-search.ts'
import { type Kysely, sql } from 'kysely'

/** Search does without accents and knows decimals; names are sorted by the rules of a locale. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createFold(db)
  for (const statement of statements) await sql.raw(statement).execute(db)
}

/**
 * A decimal has a point, and what follows it is a word of its own: `1,5l` is `1.5 l`. Hyphens part words, and are no
 * minus: `4-7` are 4 and 7.
 */
const searchable = `create function searchable(text text) returns text
  language sql immutable parallel safe strict return
  regexp_replace(regexp_replace(translate(fold(text), '-/_', '   '), '(\\d),(\\d)', '\\1.\\2', 'g'),
    '(\\d\\.\\d+)([[:alpha:]])', '\\1 \\2', 'g')`

const statements = [
  searchable,
  'alter table products drop column words',
  `alter table products add column words tsvector not null generated always as (
    setweight(to_tsvector('english', searchable(name)), 'A')
    || setweight(to_tsvector('english', replace(category, '-', ' ') || ' ' || replace(sku, '-', ' ')), 'B')
    || setweight(to_tsvector('english', searchable(description)), 'C')
  ) stored`,
  'create index products_words on products using gin (words)',
  // A PostgreSQL that was built without ICU sorts by code points.
  `do $$ begin
    create collation by_name (provider = icu, locale = 'en-u-kn-true');
  exception when others then
    raise notice 'no ICU: %', sqlerrm;
    create collation by_name from "C";
  end $$`,
]
