import { createMessagingTables } from '@sidecart/chassis/persistence/messaging-tables.ts'
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await createMessagingTables(db)
  for (const statement of [...tables, ...search]) await sql.raw(statement).execute(db)
}

/** Stock is apart from products so that a sale rewrites a narrow row that no index but the key covers. */
const tables = [
  `create table products (
    sku text primary key check (sku ~ '^[A-Z0-9-]{3,40}$'),
    listing bigint generated always as identity unique,
    name text not null,
    description text not null,
    category text not null,
    price bigint not null check (price > 0),
    shape text not null,
    palette text not null,
    low_stock_at integer not null check (low_stock_at >= 0),
    discontinued boolean not null default false,
    version integer not null default 1 check (version > 0),
    words tsvector not null generated always as (
      setweight(to_tsvector('english', name), 'A')
      || setweight(to_tsvector('english', replace(category, '-', ' ') || ' ' || replace(sku, '-', ' ')), 'B')
      || setweight(to_tsvector('english', description), 'C')
    ) stored
  )`,
  `create table stock (
    sku text primary key references products,
    on_hand integer not null check (on_hand >= 0),
    reserved integer not null default 0 check (reserved >= 0),
    sold integer not null default 0 check (sold >= 0)
  ) with (fillfactor = 50)`,
  // Each row says what one event did to the three places; their sums are the stock row.
  `create table stock_movements (
    sku text not null references stock,
    id bigint generated always as identity,
    kind text not null check (kind in ('initial', 'adjusted', 'reserved', 'released', 'sold')),
    on_hand integer not null default 0,
    reserved integer not null default 0,
    sold integer not null default 0,
    order_id uuid check ((order_id is not null) = (kind in ('reserved', 'released', 'sold'))),
    reason text,
    at timestamptz not null default now(),
    primary key (sku, id),
    constraint nothing_appears_or_vanishes check (kind in ('initial', 'adjusted') or on_hand + reserved + sold = 0)
  )`,
  `create table stock_adjustments (
    sku text not null references stock,
    key text not null,
    delta integer not null,
    reason text not null,
    answer jsonb not null,
    at timestamptz not null default now(),
    primary key (sku, key)
  )`,
  // lines: [{sku, quantity, name, price}] in sku order, prices as promised
  `create table reservations (
    order_id uuid primary key,
    status text not null check (status in ('reserved', 'refused', 'released', 'sold')),
    lines jsonb not null default '[]',
    total bigint,
    refusal text,
    refused_sku text,
    at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    check ((status = 'refused') = (refusal is not null))
  ) with (fillfactor = 80)`,
]

const search = [
  'create index products_words on products using gin (words)',
  'create index products_category on products (category)',
  // Typing errors are forgiven where the server has trigrams; where it has not, nothing resembles anything.
  `do $$ begin
    create extension if not exists pg_trgm;
  exception when others then
    raise notice 'no trigrams: %', sqlerrm;
  end $$`,
  `do $$ begin
    if exists (select from pg_extension where extname = 'pg_trgm') then
      create function resemblance(asked text, name text) returns real
        language sql immutable parallel safe return strict_word_similarity(asked, name);
    else
      create function resemblance(asked text, name text) returns real
        language sql immutable parallel safe return 0;
    end if;
  end $$`,
]
