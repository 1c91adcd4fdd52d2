import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { Stock } from '../contract.ts'

type Json<T> = ColumnType<T, string, string>

export type CatalogTables = {
  products: {
    sku: string
    /** Rises with each new product. */
    listing: GeneratedAlways<number>
    name: string
    description: string
    category: string
    price: number
    shape: string
    palette: string
    low_stock_at: number
    discontinued: Generated<boolean>
    version: Generated<number>
    words: GeneratedAlways<string>
  }
  stock: { sku: string; on_hand: number; reserved: Generated<number>; sold: Generated<number> }
  stock_movements: {
    sku: string
    id: GeneratedAlways<number>
    kind: 'initial' | 'adjusted' | 'reserved' | 'released' | 'sold' | 'returned'
    on_hand: Generated<number>
    reserved: Generated<number>
    sold: Generated<number>
    order_id: string | null
    reason: string | null
    /** Who adjusted the stock. */
    operator_id: string | null
    at: Generated<Date>
  }
  stock_adjustments: {
    sku: string
    key: string
    delta: number
    reason: string
    answer: Json<Stock>
    at: Generated<Date>
  }
  reservations: {
    order_id: string
    status: 'reserved' | 'refused' | 'released' | 'sold' | 'returned'
    lines: Json<{ sku: string; quantity: number; name: string; price: number }[]>
    total: number | null
    refusal: 'out-of-stock' | 'unknown-sku' | 'discontinued' | null
    refused_sku: string | null
    at: Generated<Date>
    changed_at: Generated<Date>
  }
}
