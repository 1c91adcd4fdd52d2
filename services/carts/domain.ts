import { orderLimits } from '@sidecart/catalog/contract.ts'
import { type Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { mayChange } from '@sidecart/chassis/http/etags.ts'
import type { Line } from './contract.ts'

/** The ways in which carts says no, beside those of every service. */
export type RefusalCode = 'cart-full' | 'etag-mismatch' | 'cart-busy'

export const refuse: (code: RefusalCode, detail: string) => Refusal = refused

export type Basket = {
  /** Another one after every change: the ETag of the cart. */
  revision: string
  /** One purchase: from the first product put into an empty basket until an order made from it is confirmed. */
  cartId?: string
  lines: readonly Line[]
  /** Orders whose goods were taken out already, the newest first. */
  orders: readonly string[]
}

/** A confirmed order. */
export type Ordered = { orderId: string; lines: readonly Line[]; cartId?: string | undefined }

/** What somebody has who never used theirs, or not for 30 days. */
export const unused: Basket = { revision: 'unused', lines: [], orders: [] }

const rememberedOrders = 50

export function put(basket: Basket, { sku, quantity }: Line): Basket {
  const there = basket.lines.find((line) => line.sku === sku)
  if (there?.quantity === quantity) return basket
  if (there)
    return {
      ...basket,
      lines: basket.lines.map((line) => (line === there ? { sku, quantity } : line)),
    }
  if (basket.lines.length >= orderLimits.products)
    throw refuse('cart-full', `At most ${orderLimits.products} products; take one out first.`)
  return { ...basket, lines: [...basket.lines, { sku, quantity }] }
}

export function remove(basket: Basket, sku: string): Basket {
  const lines = basket.lines.filter((line) => line.sku !== sku)
  return lines.length === basket.lines.length ? basket : { ...basket, lines }
}

/** The orders stay remembered: an event about one of them may come again. */
export const clear = (basket: Basket): Basket =>
  basket.lines.length === 0 ? basket : { ...basket, lines: [] }

/**
 * Takes what was ordered out of the basket, once per order; what was added since stays. When the order was made from
 * this basket (`cartId`), what stays is another purchase.
 */
export function takeOut(basket: Basket, { orderId, lines: ordered, cartId }: Ordered): Basket {
  if (basket.orders.includes(orderId)) return basket
  const quantities = new Map(ordered.map(({ sku, quantity }) => [sku, quantity]))
  const lines = basket.lines
    .map(({ sku, quantity }) => ({ sku, quantity: quantity - (quantities.get(sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0)
  const orders = [orderId, ...basket.orders].slice(0, rememberedOrders)
  const { cartId: id, ...rest } = basket
  return { ...rest, ...(id && id !== cartId && { cartId: id }), lines, orders }
}

/** A new revision of a basket: also the id of one that had none and is not empty. */
export function revised({ cartId, ...basket }: Basket, revision: string): Basket {
  if (basket.lines.length === 0) return { ...basket, revision }
  return { ...basket, revision, cartId: cartId ?? revision }
}

/** A change that is made only to the basket its asker has seen. `ifMatch` is an `If-Match` header. */
export function onlyIf(
  ifMatch: string | undefined,
  change: (basket: Basket) => Basket,
): (basket: Basket) => Basket {
  return (basket) => {
    if (!mayChange(ifMatch, (etag) => etag === `"${basket.revision}"`))
      throw refuse('etag-mismatch', 'The cart has changed since it was read; read it again.')
    return change(basket)
  }
}
