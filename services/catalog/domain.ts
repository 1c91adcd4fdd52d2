import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import { euro } from '@sidecart/chassis/contract/money.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import { mayChange } from '@sidecart/chassis/http/etags.ts'
import {
  type CategoryCount,
  catalogEvents,
  type ProductChange,
  type ReservationReply,
  type ReservationRequest,
  type Sort,
  type Stock,
  type StockAdjustment,
} from './contract.ts'

/** The refusals of this service, besides those that every service has. */
export type RefusalCode =
  | 'version-mismatch'
  | 'stock-below-zero'
  | 'idempotency-key-reused'
  | 'reservation-differs'
  | 'not-reserved'
  | 'invalid-cursor'

/** What an operator may change about a product. */
export type ProductRecord = {
  sku: string
  name: string
  description: string
  category: string
  price: number
  lowStockAt: number
  discontinued: boolean
  version: number
}

/** `version` rises by one with every change that changes something; that and nothing else is emitted. */
export function changeProduct(
  product: ProductRecord,
  { price, ...change }: ProductChange,
  ifMatch?: string | undefined,
): { product: ProductRecord; events: OutboxMessage[] } {
  // a bare number was the version before there were ETags
  const seen = ifMatch?.replace(/^\d+$/, '"$&"')
  if (!mayChange(seen, (etag) => versionIn(etag) === product.version))
    throw refused('version-mismatch', `${product.sku} is at version ${product.version} by now.`, {
      version: product.version,
    })
  const wanted = { ...product, ...present(change), ...(price && { price: price.amount }) }
  if (JSON.stringify(wanted) === JSON.stringify(product)) return { product, events: [] }
  const changed = { ...wanted, version: product.version + 1 }
  const { lowStockAt: _, ...shown } = changed
  return {
    product: changed,
    events: [catalogEvents.productChanged({ ...shown, price: euro(changed.price) })],
  }
}

/** Only the fields that were given. */
export const present = <T extends object>(
  fields: T,
): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

/** Adds or takes pieces that nobody holds. */
export function adjustStock(
  stock: Stock,
  { delta }: StockAdjustment,
  name: string,
): { stock: Stock; events: OutboxMessage[] } {
  const onHand = stock.onHand + delta
  if (onHand < 0)
    throw refused(
      'stock-below-zero',
      `${stock.sku} has ${stock.onHand} on hand; ${-delta} cannot be taken.`,
    )
  const events = fallsBelow(stock.lowStockAt, stock.onHand, onHand)
    ? [catalogEvents.stockLow({ sku: stock.sku, name, onHand, lowStockAt: stock.lowStockAt })]
    : []
  return { stock: { ...stock, onHand }, events }
}

/** Once per crossing: true only for the step that goes from enough to too little. */
const fallsBelow = (lowStockAt: number, before: number, after: number): boolean =>
  before >= lowStockAt && after < lowStockAt

export type WantedLine = ReservationRequest['lines'][number]

/** What became of an order's wish. `wanted` is empty when the order was released before it wished. */
export type Reservation = {
  status: 'reserved' | 'refused' | 'released' | 'sold' | 'returned'
  wanted: readonly WantedLine[]
  /** The answer when it was decided: prices as they were then. */
  answer: ReservationReply
}

/**
 * The answer to a wish that was decided before: the same as then, whatever prices and stock are now. A
 * refusal is remembered too; once released, an order can hold nothing any more.
 */
export function answerAgain(
  { status, wanted, answer }: Reservation,
  lines: readonly WantedLine[],
): ReservationReply {
  if (wanted.length > 0 && fingerprint(wanted) !== fingerprint(lines))
    throw refused('reservation-differs', 'This order has asked for other lines before.')
  return status === 'released' ? { outcome: 'refused', code: 'released' } : answer
}

function fingerprint(lines: readonly WantedLine[]): string {
  const quantities = new Map<string, number>()
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity)
  return [...quantities]
    .map(([sku, quantity]) => `${sku}:${quantity}`)
    .toSorted()
    .join()
}

/**
 * A confirmed order without stock to sell. Confirmed twice is no news, and the goods may be back already: a refund can
 * be faster than the event. Anything else is a contradiction.
 *
 * @throws Refusal `not-reserved`
 */
export function mustBeSold(orderId: string, status: Reservation['status'] | undefined): void {
  if (status === 'sold' || status === 'returned') return
  throw refused(
    'not-reserved',
    `Order ${orderId} is confirmed, but its stock is ${status ?? 'not reserved'}.`,
  )
}

/**
 * A refunded order without goods to put back. Returned twice is no news.
 *
 * @throws Refusal `not-reserved`
 */
export function mustBeReturned(orderId: string, status: Reservation['status'] | undefined): void {
  if (status === 'returned') return
  throw refused(
    'not-reserved',
    `Order ${orderId} is refunded, but its stock is ${status ?? 'not reserved'}.`,
  )
}

/** Relevance needs something to be relevant to. */
export const sortOf = (sort: Sort | undefined, text: string): Sort =>
  text === '' ? (sort === undefined || sort === 'relevance' ? 'name' : sort) : (sort ?? 'relevance')

/** Words, and numbers with their decimals. */
export const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/\p{N}+[.,]\p{N}+|[\p{L}\p{N}\p{M}]+/gu) ?? []

/** The version that an ETag of a product names: it holds what was left of the product, too, which is no part of a change. */
const versionIn = (etag: string): number => Number(/^"(\d+)(?:\.\d+)?"$/.exec(etag)?.[1])

export const countOf = (category: string, products: number): CategoryCount => ({
  category,
  title: titleOf(category),
  products,
})

const titleOf = (category: string): string =>
  `${category[0]?.toUpperCase()}${category.slice(1).replaceAll('-', ' ')}`
