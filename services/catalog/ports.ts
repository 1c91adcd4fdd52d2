import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import type {
  CategoryCount,
  KnownProduct,
  OrderStock,
  Product,
  ReservationReply,
  Sort,
  Stock,
  StockAdjustment,
  StockReport,
} from './contract.ts'
import type { Place } from './cursor.ts'
import type { ProductRecord, WantedLine } from './domain.ts'
import type { Look } from './pictures.ts'
import type { SeedProduct } from './seed.ts'

export type Search = {
  /** The search text; empty for all products. */
  text: string
  sort: Sort
  limit: number
  after?: Place
  category?: string
  minPrice?: number
  maxPrice?: number
  /** true: only products in stock; false: only products out of stock. */
  inStock?: boolean
  /** true: only discontinued products; false: only products on sale; missing: both. */
  discontinued?: boolean
}

export type Found = {
  items: Product[]
  total: number
  categories: CategoryCount[]
  /** Position of the next page, if any. */
  next?: Place
}

export type Products = {
  search(search: Search): Promise<Found>
  categories(): Promise<CategoryCount[]>
  find(sku: string): Promise<Product | undefined>
  lookOf(sku: string): Promise<Look | undefined>
  lookUp(skus: readonly string[]): Promise<KnownProduct[]>
  /** @throws Refusal `not-found`, and any refusal of `decide` */
  change(
    sku: string,
    decide: (product: ProductRecord) => { product: ProductRecord; events: OutboxMessage[] },
  ): Promise<Product>
  /**
   * Adds missing products with their first stock; existing products stay unchanged. Returns the number of new
   * products.
   */
  seed(products: readonly SeedProduct[]): Promise<number>
}

export type StockLedger = {
  report(sku: string): Promise<StockReport | undefined>
  ofOrder(orderId: string): Promise<OrderStock>
  /** Applied once per `key`, if present. @throws Refusal `not-found`, and any refusal of `decide` */
  adjust(
    sku: string,
    adjustment: StockAdjustment,
    key: string | undefined,
    decide: (stock: Stock, name: string) => { stock: Stock; events: OutboxMessage[] },
    operatorId?: string,
  ): Promise<Stock>
}

/** Reservations of pieces for orders. `T` is the open transaction of the consumer. */
export type Reservations<T> = {
  /** Reserves all lines or none; the same order always gets the same reply. @throws Refusal `reservation-differs` */
  reserve(orderId: string, lines: readonly WantedLine[]): Promise<ReservationReply>
  /** Releases the order's reserved pieces; afterwards the order can never reserve again. */
  release(orderId: string): Promise<void>
  releaseWithin(tx: T, orderId: string): Promise<void>
  /** Turns the order's reserved pieces into sold ones. @throws Refusal `not-reserved` */
  sellWithin(tx: T, orderId: string): Promise<void>
  /** Puts the order's reserved or sold pieces back on hand, once. @throws Refusal `not-reserved` */
  returnGoods(orderId: string): Promise<void>
}
