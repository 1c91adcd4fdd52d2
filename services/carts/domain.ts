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
  /** When the first product was put into the empty cart, in milliseconds since 1970. Carts of older versions have none. */
  begunAt?: number
  lines: readonly Line[]
  /** Orders whose lines were already removed, newest first. */
  orders: readonly string[]
}

/** A confirmed order. `confirmedAt` is in milliseconds since 1970, by the clock of orders. */
export type Ordered = {
  orderId: string
  lines: readonly Line[]
  cartId?: string | undefined
  confirmedAt?: number | undefined
}

/** The cart of a customer without a stored cart (never used, or not for 30 days). */
export const unused: Cart = { revision: 'unused', lines: [], orders: [] }

const rememberedOrders = 50

export function put(cart: Cart, { sku, quantity }: Line, now: number): Cart {
  const there = cart.lines.find((line) => line.sku === sku)
  if (there?.quantity === quantity) return cart
  if (there)
    return {
      ...cart,
      lines: cart.lines.map((line) => (line === there ? { sku, quantity } : line)),
    }
  if (cart.lines.length >= orderLimits.products)
    throw refuse('cart-full', `At most ${orderLimits.products} products; take one out first.`)
  const begun = cart.lines.length === 0 && { begunAt: now }
  return { ...cart, ...begun, lines: [...cart.lines, { sku, quantity }] }
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
export function takeOut(cart: Cart, order: Ordered, now: number): Cart {
  const { orderId, lines: ordered, cartId } = order
  if (cart.orders.includes(orderId) || isOfEarlierCart(cart, order, now)) return cart
  const quantities = new Map(ordered.map(({ sku, quantity }) => [sku, quantity]))
  const lines = cart.lines
    .map(({ sku, quantity }) => ({ sku, quantity: quantity - (quantities.get(sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0)
  const orders = [orderId, ...cart.orders].slice(0, rememberedOrders)
  const { cartId: id, ...rest } = cart
  return { ...rest, ...(id && id !== cartId && { cartId: id }), lines, orders }
}

/**
 * Returns whether the order was confirmed before anything now in the cart was put there. Such an order changes nothing and
 * need not be remembered: if its event comes again, the cart has begun later still. An order of the future, by a clock that
 * differs, is remembered.
 */
function isOfEarlierCart({ lines, ...cart }: Cart, { cartId, confirmedAt }: Ordered, now: number) {
  if (confirmedAt === undefined || (cartId !== undefined && cartId === cart.cartId)) return false
  return confirmedAt < (lines.length === 0 ? now : (cart.begunAt ?? 0))
}

/** Returns the cart with a new revision. A non-empty cart without an id gets the revision as the id. */
export function revised({ cartId, begunAt, ...cart }: Cart, revision: string): Cart {
  if (cart.lines.length === 0) return { ...cart, revision }
  const begun = begunAt !== undefined && { begunAt }
  return { ...cart, ...begun, revision, cartId: cartId ?? revision }
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
