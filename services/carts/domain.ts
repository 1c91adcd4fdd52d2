import { orderLimits } from '@sidecart/catalog/contract.ts'
import { type Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { mayChange } from '@sidecart/chassis/http/etags.ts'
import type { Line } from './contract.ts'

/** Refusals specific to this service. */
export type RefusalCode = 'cart-full' | 'etag-mismatch' | 'cart-busy'

export const refuse: (code: RefusalCode, detail: string) => Refusal = refused

export type Basket = {
  /** New after every change: the ETag of the cart. */
  revision: string
  /** Id of one purchase: from the first product put into an empty cart until an order from the cart is confirmed. */
  cartId?: string
  lines: readonly Line[]
  /** Orders whose lines were already removed, newest first. */
  orders: readonly string[]
}

/** A confirmed order. */
export type Ordered = { orderId: string; lines: readonly Line[]; cartId?: string | undefined }

/** The cart of a customer without a stored cart (never used, or not for 30 days). */
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

/** Keeps the list of orders, because an event about an order may be delivered again. */
export const clear = (basket: Basket): Basket =>
  basket.lines.length === 0 ? basket : { ...basket, lines: [] }

/**
 * Removes the lines of an order from the cart, once per order; lines added since then stay. If the order was made
 * from this cart (`cartId`), the remaining lines are a new purchase.
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

/** Returns the cart with a new revision. A non-empty cart without an id gets the revision as the id. */
export function revised({ cartId, ...basket }: Basket, revision: string): Basket {
  if (basket.lines.length === 0) return { ...basket, revision }
  return { ...basket, revision, cartId: cartId ?? revision }
}

/** Applies a change only to the revision seen by the client. `ifMatch` is an `If-Match` header. */
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
