import { euro } from '@sidecart/chassis/contract/money.ts'
import type { Database } from '@sidecart/chassis/persistence/database.ts'
import { type RawBuilder, sql } from 'kysely'
import type { Product, Sort } from '../contract.ts'
import type { Place } from '../cursor.ts'
import { countOf, wordsOf } from '../domain.ts'
import type { Found, Search } from '../ports.ts'
import type { CatalogTables } from './tables.ts'

/** Minimum similarity of a name and the search text (0 to 1). */
const resembles = 0.45

export type ProductRow = {
  sku: string
  name: string
  description: string
  category: string
  price: number
  discontinued: boolean
  version: number
  on_hand: number
}
type Item = ProductRow & { key: Place['key'] }
type Row = { items: Item[]; total: number; categories: { category: string; products: number }[] }

/** Reads in one statement: the page, the total count, and the categories without the category filter. */
export async function searchProducts(
  { rows }: Database<CatalogTables>,
  search: Search,
): Promise<Found> {
  const { key, descending } = orders[search.sort]
  const { rows: found } = await sql<Row>`
    with matching as (
      select sku, name, description, category, price, discontinued, version, on_hand,
        ${search.sort === 'relevance' ? relevance(search.text) : key} as key
      from products join stock using (sku)
      where ${sql.join(filters(search), sql` and `)}
    ), chosen as (
      select * from matching where ${search.category ?? null}::text is null or category = ${search.category ?? null}
    ), page as (
      select * from chosen where ${after(search.after, descending, search.sort)}
      order by key ${sql.raw(descending ? 'desc' : 'asc')}, sku limit ${search.limit + 1}
    )
    select (select count(*) from chosen) as total,
      (select coalesce(json_agg(page), '[]') from page) as items,
      (select coalesce(json_agg(counted order by category), '[]') from (
        select category, count(*) as products from matching group by category) as counted) as categories
    `.execute(rows)
  const { items, total, categories } = found[0] as Row
  const shown = items.slice(0, search.limit)
  const last = items.length > search.limit ? shown.at(-1) : undefined
  return {
    items: shown.map(toProduct),
    total,
    categories: categories.map(({ category, products }) => countOf(category, products)),
    ...(last && { next: { key: last.key, sku: last.sku } }),
  }
}

/** Sort keys are whole numbers or text, so that a cursor stores them exactly. */
const orders: Record<Sort, { key: RawBuilder<unknown>; descending: boolean }> = {
  relevance: { key: sql`0`, descending: true },
  price: { key: sql`price`, descending: false },
  '-price': { key: sql`price`, descending: true },
  name: { key: sql`name collate by_name`, descending: false },
  newest: { key: sql`listing`, descending: true },
}

/** Every word, or a word with this prefix, must occur; without any match, names similar to the text are found. */
function filters({
  text,
  minPrice,
  maxPrice,
  inStock,
  discontinued,
}: Search): RawBuilder<unknown>[] {
  const sold = discontinued === undefined ? sql`true` : sql`discontinued = ${discontinued}`
  const all = [sold]
  if (text !== '')
    all.push(sql`(words @@ ${query(text)} or (resemblance(fold(${text}), fold(name)) > ${resembles}
      and not exists (select from products as exact where exact.words @@ ${query(text)} and ${sold})))`)
  if (minPrice !== undefined) all.push(sql`price >= ${minPrice}`)
  if (maxPrice !== undefined) all.push(sql`price <= ${maxPrice}`)
  if (inStock !== undefined) all.push(inStock ? sql`on_hand > 0` : sql`on_hand = 0`)
  return all
}

const query = (text: string): RawBuilder<unknown> =>
  sql`to_tsquery('english', searchable(${wordsOf(text)
    .map((word) => `${word}:*`)
    .join(' & ')}))`

const relevance = (text: string): RawBuilder<unknown> =>
  sql`round(1e6 * (ts_rank(words, ${query(text)}) + resemblance(fold(${text}), fold(name))))::integer`

function after(place: Place | undefined, descending: boolean, sort: Sort): RawBuilder<unknown> {
  if (!place) return sql`true`
  const key = sort === 'name' ? sql`${place.key}::text collate by_name` : sql`${place.key}::bigint`
  return sql`(key ${sql.raw(descending ? '<' : '>')} ${key} or (key = ${key} and sku > ${place.sku}))`
}

export const toProduct = (row: ProductRow): Product => ({
  sku: row.sku,
  name: row.name,
  description: row.description,
  category: row.category,
  price: euro(row.price),
  available: row.discontinued ? 0 : row.on_hand,
  inStock: !row.discontinued && row.on_hand > 0,
  discontinued: row.discontinued,
  picture: `/products/${row.sku}/picture.svg`,
  version: row.version,
})
