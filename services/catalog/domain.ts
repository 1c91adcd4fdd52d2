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

/** Refusals specific to this service. */
export type RefusalCode =
  | 'version-mismatch'
  | 'stock-below-zero'
  | 'idempotency-key-reused'
  | 'reservation-differs'
  | 'not-reserved'
  | 'invalid-cursor'

/** The fields of a product editable by an operator. */
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

/** Applies a change of the given fields. `version` rises by one if a field changes; only then is an event published. */
export function changeProduct(
  product: ProductRecord,
  { price, ...change }: ProductChange,
  ifMatch?: string | undefined,
): { product: ProductRecord; events: OutboxMessage[] } {
  // before ETags existed, clients sent the bare version number
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

/** Returns only the defined fields. */
export const present = <T extends object>(
  fields: T,
): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

/** Adds pieces on hand, or removes unreserved ones. */
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

/** Returns true only for the step that crosses the mark downwards. */
const fallsBelow = (lowStockAt: number, before: number, after: number): boolean =>
  before >= lowStockAt && after < lowStockAt

export type WantedLine = ReservationRequest['lines'][number]

/** Outcome of an order's reservation request. `wanted` is empty when the order was released before any request. */
export type Reservation = {
  status: 'reserved' | 'refused' | 'released' | 'sold' | 'returned'
  wanted: readonly WantedLine[]
  /** The reply at the time of the decision, with the prices of that time. */
  answer: ReservationReply
}

/**
 * Returns the stored reply to a repeated reservation request, whatever prices and stock are now. Refusals are stored
 * too; a released order can never reserve again.
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
 * Accepts a confirmed order without reserved stock if already sold (a repeated event) or already returned (a refund
 * may be faster than the event).
 *
 * @throws Refusal `not-reserved` otherwise
 */
export function mustBeSold(orderId: string, status: Reservation['status'] | undefined): void {
  if (status === 'sold' || status === 'returned') return
  throw refused(
    'not-reserved',
    `Order ${orderId} is confirmed, but its stock is ${status ?? 'not reserved'}.`,
  )
}

/**
 * Accepts a refunded order without goods to return if already returned (a repeated event).
 *
 * @throws Refusal `not-reserved` otherwise
 */
export function mustBeReturned(orderId: string, status: Reservation['status'] | undefined): void {
  if (status === 'returned') return
  throw refused(
    'not-reserved',
    `Order ${orderId} is refunded, but its stock is ${status ?? 'not reserved'}.`,
  )
}

/** Returns the sort order; relevance requires a search text. */
export const sortOf = (sort: Sort | undefined, text: string): Sort =>
  text === '' ? (sort === undefined || sort === 'relevance' ? 'name' : sort) : (sort ?? 'relevance')

/** Returns the words of a text; a number with decimals is one word. */
export const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/\p{N}+[.,]\p{N}+|[\p{L}\p{N}\p{M}]+/gu) ?? []

/** Returns the version in a product's ETag, ignoring the available stock. */
const versionIn = (etag: string): number => Number(/^"(\d+)(?:\.\d+)?"$/.exec(etag)?.[1])

export const countOf = (category: string, products: number): CategoryCount => ({
  category,
  title: titleOf(category),
  products,
})

const titleOf = (category: string): string =>
  `${category[0]?.toUpperCase()}${category.slice(1).replaceAll('-', ' ')}`
