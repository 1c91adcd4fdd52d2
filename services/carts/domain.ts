import { orderLimits } from '@sidecart/catalog/contract.ts'
import { type Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { mayChange } from '@sidecart/chassis/http/etags.ts'
import type { Line } from './contract.ts'

/** Refusals specific to this service. */
export type RefusalCode = 'cart-full' | 'etag-mismatch' | 'cart-busy'

export const refuse: (code: RefusalCode, detail: string) => Refusal = refused

export type Cart = {
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
export const unused: Cart = { revision: 'unused', lines: [], orders: [] }

const rememberedOrders = 50

export function put(cart: Cart, { sku, quantity }: Line): Cart {
  const there = cart.lines.find((line) => line.sku === sku)
  if (there?.quantity === quantity) return cart
  if (there)
    return {
      ...cart,
      lines: cart.lines.map((line) => (line === there ? { sku, quantity } : line)),
    }
  if (cart.lines.length >= orderLimits.products)
    throw refuse('cart-full', `At most ${orderLimits.products} products; take one out first.`)
  return { ...cart, lines: [...cart.lines, { sku, quantity }] }
}

export function remove(cart: Cart, sku: string): Cart {
  const lines = cart.lines.filter((line) => line.sku !== sku)
  return lines.length === cart.lines.length ? cart : { ...cart, lines }
}

/** Keeps the list of orders, because an event about an order may be delivered again. */
export const clear = (cart: Cart): Cart => (cart.lines.length === 0 ? cart : { ...cart, lines: [] })

/**
 * Removes the lines of an order from the cart, once per order; lines added since then stay. If the order was made
 * from this cart (`cartId`), the remaining lines are a new purchase.
 */
export function takeOut(cart: Cart, { orderId, lines: ordered, cartId }: Ordered): Cart {
  if (cart.orders.includes(orderId)) return cart
  const quantities = new Map(ordered.map(({ sku, quantity }) => [sku, quantity]))
  const lines = cart.lines
    .map(({ sku, quantity }) => ({ sku, quantity: quantity - (quantities.get(sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0)
  const orders = [orderId, ...cart.orders].slice(0, rememberedOrders)
  const { cartId: id, ...rest } = cart
  return { ...rest, ...(id && id !== cartId && { cartId: id }), lines, orders }
}

/** Returns the cart with a new revision. A non-empty cart without an id gets the revision as the id. */
export function revised({ cartId, ...cart }: Cart, revision: string): Cart {
  if (cart.lines.length === 0) return { ...cart, revision }
  return { ...cart, revision, cartId: cartId ?? revision }
}

/** Applies a change only to the revision seen by the client. `ifMatch` is an `If-Match` header. */
export function onlyIf(
  ifMatch: string | undefined,
  change: (cart: Cart) => Cart,
): (cart: Cart) => Cart {
  return (cart) => {
    if (!mayChange(ifMatch, (etag) => etag === `"${cart.revision}"`))
      throw refuse('etag-mismatch', 'The cart has changed since it was read; read it again.')
    return change(cart)
  }
}
