import { euro } from '@sidecart/chassis/contract/money.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Database } from '@sidecart/chassis/persistence/database.ts'
import { statement, type Values } from '@sidecart/chassis/persistence/statement.ts'
import { sql } from 'kysely'
import { countOf } from '../domain.ts'
import type { Products } from '../ports.ts'
import type { SeedProduct } from '../seed.ts'
import { searchProducts, toProduct } from './search.ts'
import type { CatalogTables } from './tables.ts'

const findProduct = statement<CatalogTables>()((db, value: Values<{ sku: string }>) =>
  db
    .selectFrom('products')
    .innerJoin('stock', 'stock.sku', 'products.sku')
    .select([
      'products.sku',
      'name',
      'description',
      'category',
      'price',
      'discontinued',
      'version',
      'on_hand',
    ])
    .where('products.sku', '=', value('sku')),
)

export function createProducts(database: Database<CatalogTables>): Products {
  const { rows } = database

  async function find(sku: string) {
    const [row] = (await findProduct(rows, { sku })).rows
    return row && toProduct(row)
  }

  async function categories() {
    const counted = await rows
      .selectFrom('products')
      .select(['category', (count) => count.fn.countAll<number>().as('products')])
      .where('discontinued', '=', false)
      .groupBy('category')
      .orderBy('category')
      .execute()
    return counted.map(({ category, products }) => countOf(category, products))
  }

  async function lookUp(skus: readonly string[]) {
    const known = await rows
      .selectFrom('products')
      .innerJoin('stock', 'stock.sku', 'products.sku')
      .select(['products.sku', 'name', 'price', 'discontinued', 'on_hand'])
      .where('products.sku', 'in', skus)
      .execute()
    return known.map(({ sku, name, price, discontinued, on_hand }) => ({
      sku,
      name,
      price: euro(price),
      available: discontinued ? 0 : on_hand,
      discontinued,
    }))
  }

  const change: Products['change'] = (sku, decide) =>
    database.inTransaction(async (tx) => {
      const row = await tx.rows
        .selectFrom('products')
        .selectAll()
        .where('sku', '=', sku)
        .forUpdate()
        .executeTakeFirst()
      if (!row) throw refused('not-found', `There is no product ${sku}.`)
      const { shape, palette, listing, words, low_stock_at, ...record } = row
      const { product, events } = decide({ ...record, lowStockAt: low_stock_at })
      const { lowStockAt, ...changed } = product
      await tx.rows
        .updateTable('products')
        .set({ ...changed, low_stock_at: lowStockAt })
        .where('sku', '=', sku)
        .execute()
      tx.emit(...events)
      const { on_hand } = await tx.rows
        .selectFrom('stock')
        .select('on_hand')
        .where('sku', '=', sku)
        .executeTakeFirstOrThrow()
      return toProduct({ ...changed, on_hand })
    })

  return {
    search: (search) => searchProducts(database, search),
    categories,
    find,
    lookOf: (sku) =>
      rows
        .selectFrom('products')
        .select(['shape', 'palette'])
        .where('sku', '=', sku)
        .executeTakeFirst(),
    lookUp,
    change,
    seed: (products) => seed(database, products),
  }
}

/** Seeds in one statement, so that two instances starting together add each product and the first stock once. */
async function seed(
  { rows }: Database<CatalogTables>,
  products: readonly SeedProduct[],
): Promise<number> {
  const { rows: added } = await sql`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(products)}::jsonb) as given (
        sku text, name text, description text, category text, price bigint,
        shape text, palette text, stock integer, "lowStockAt" integer)
    ), added as (
      insert into products (sku, name, description, category, price, shape, palette, low_stock_at)
      select sku, name, description, category, price, shape, palette, "lowStockAt" from given
      on conflict (sku) do nothing
      returning sku
    ), stocked as (
      insert into stock (sku, on_hand) select sku, stock from given join added using (sku)
      returning sku, on_hand
    )
    insert into stock_movements (sku, kind, on_hand) select sku, 'initial', on_hand from stocked
    returning sku`.execute(rows)
  return added.length
}
