import { OrderQuantity, orderLimits, Sku } from '@sidecart/catalog/contract.ts'
import { body, createRoute, empty, json, refusal, z } from '@sidecart/chassis/contract/openapi.ts'
import { token } from '@sidecart/chassis/contract/text.ts'

export const Line = z.strictObject({ sku: Sku, quantity: OrderQuantity }).openapi('CartLine')
export type Line = z.infer<typeof Line>

/** The wanted products, without prices: prices belong to the catalog, at the time of display or order. */
export const Cart = z
  .object({
    lines: z.array(Line).max(orderLimits.products),
    cartId: z.string().max(100).optional().openapi({
      description:
        'Names what is being bought: send it as `cartId` of `POST /orders`. It stays the same while the cart is changed, and is another one once an order made from the cart is confirmed, or the cart was empty. An empty cart has none.',
    }),
  })
  .openapi('Cart')
export type Cart = z.infer<typeof Cart>

const tags = ['carts']
const security = [{ bearer: [] }]
const params = z.strictObject({ sku: Sku })
const headers = z.object({
  'if-match': token(500).optional().openapi({
    description: 'The ETag that was read. Refused with 412 when the cart has changed.',
  }),
})
const tagged = { headers: z.object({ etag: z.string() }) }
const cart = { ...json(Cart), ...tagged }
const refusals = {
  409: refusal('`cart-full`; `cart-busy`: others change the cart, try again'),
  412: refusal('`etag-mismatch`: the cart has changed since it was read'),
}

export const cartsRoutes = {
  show: createRoute({
    method: 'get',
    path: '/cart',
    tags,
    summary: 'Own cart; empty for those who never used it',
    security,
    request: { headers: z.object({ 'if-none-match': token(1_000).optional() }) },
    responses: { 200: cart, 304: empty('Not modified') },
  }),
  clear: createRoute({
    method: 'delete',
    path: '/cart',
    tags,
    summary: 'Empty the cart',
    security,
    request: { headers },
    responses: { 204: { ...empty('Empty'), ...tagged }, ...refusals },
  }),
  put: createRoute({
    method: 'put',
    path: '/cart/items/{sku}',
    tags,
    summary: `Have so many of a product in the cart (at most ${orderLimits.products} products)`,
    security,
    request: { params, headers, body: body(Line.omit({ sku: true }).openapi('CartQuantity')) },
    responses: { 200: cart, ...refusals },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/cart/items/{sku}',
    tags,
    summary: 'Take a product out of the cart',
    security,
    request: { params, headers },
    responses: { 200: cart, ...refusals },
  }),
}
