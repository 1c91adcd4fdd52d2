import type { Database, Tx } from '@sidecart/chassis/persistence/database.ts'
import type { Products, Reservations, StockLedger } from './ports.ts'
import { createProducts } from './store/products.ts'
import { createReservations } from './store/reserve.ts'
import { createStockLedger } from './store/stock.ts'
import type { CatalogTables } from './store/tables.ts'

export type { CatalogTables } from './store/tables.ts'

export type CatalogStore = {
  products: Products
  stock: StockLedger
  reservations: Reservations<Tx<CatalogTables>>
}

/** Products, stock and reservations in the service's own database. */
export const createCatalogStore = (database: Database<CatalogTables>): CatalogStore => ({
  products: createProducts(database),
  stock: createStockLedger(database),
  reservations: createReservations(database),
})
