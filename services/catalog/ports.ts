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
  /** What the shopper typed; empty for everything. */
  text: string
  sort: Sort
  limit: number
  after?: Place
  category?: string
  minPrice?: number
  maxPrice?: number
  /** Only what can be ordered now (or only what cannot). */
  inStock?: boolean
  /** Only what is no longer sold, or only what is; without it, both. */
  discontinued?: boolean
}

export type Found = {
  items: Product[]
  total: number
  categories: CategoryCount[]
  /** Where the next page begins, when there is one. */
  next?: Place
}

export type Products = {
  search(search: Search): Promise<Found>
  categories(): Promise<CategoryCount[]>
  find(sku: string): Promise<Product | undefined>
  lookOf(sku: string): Promise<Look | undefined>
  lookUp(skus: readonly string[]): Promise<KnownProduct[]>
  /** @throws Refusal `not-found`, or what `decide` throws */
  change(
    sku: string,
    decide: (product: ProductRecord) => { product: ProductRecord; events: OutboxMessage[] },
  ): Promise<Product>
  /** Adds what is not there yet, with its first stock; a product that is there stays as it is. Returns how many were new. */
  seed(products: readonly SeedProduct[]): Promise<number>
}

export type StockLedger = {
  report(sku: string): Promise<StockReport | undefined>
  ofOrder(orderId: string): Promise<OrderStock>
  /** Once per `key`, when one is given. @throws Refusal `not-found`, or what `decide` throws */
  adjust(
    sku: string,
    adjustment: StockAdjustment,
    key: string | undefined,
    decide: (stock: Stock, name: string) => { stock: Stock; events: OutboxMessage[] },
  ): Promise<Stock>
}

/** Pieces held for orders. `T` is a transaction at work, for what is done on consumer an event. */
export type Reservations<T> = {
  /** All lines or none; the same order gets the same answer for ever. @throws Refusal `reservation-differs` */
  reserve(orderId: string, lines: readonly WantedLine[]): Promise<ReservationReply>
  /** Gives back what the order still holds; it can hold nothing afterwards. */
  release(orderId: string): Promise<void>
  releaseWithin(tx: T, orderId: string): Promise<void>
  /** Turns what the order holds into sold. @throws Refusal `not-reserved` */
  sellWithin(tx: T, orderId: string): Promise<void>
  /** Puts what the order holds or has bought back on hand, once. @throws Refusal `not-reserved` */
  returnGoods(orderId: string): Promise<void>
}
