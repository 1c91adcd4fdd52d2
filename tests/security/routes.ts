import { shipTo } from '../system/client.ts'

/** What the gateway answers to nobody, a customer about what is another's, its owner, and an operator, in this order. */
export type Row = {
  answers: readonly [anonymous: number, stranger: number, owner: number, operator: number]
  body?: unknown
  headers?: Record<string, string>
}

const row = (
  anonymous: number,
  stranger: number,
  owner: number,
  operator: number,
  more: Omit<Row, 'answers'> = {},
): Row => ({ answers: [anonymous, stranger, owner, operator], ...more })

/*
 * Reviewed by hand: every public route and what it answers to whom. 400 means that the caller may use the route and sent
 * nothing that it takes. Where a path names an order, an address or a mail, it is the owner's. Strangers get the 404
 * of a thing that does not exist. A route without a line here fails the test.
 */
export const table: Record<string, Row> = {
  'GET /.well-known/jwks.json': row(200, 200, 200, 200),
  'POST /users': row(400, 400, 400, 400),
  'POST /sessions': row(400, 400, 400, 400),
  'POST /sessions/refresh': row(400, 400, 400, 400),
  'POST /sessions/logout': row(400, 400, 400, 400),
  'GET /users/me': row(401, 200, 200, 200),
  'PATCH /users/me': row(401, 400, 400, 400),
  'POST /users/me/confirmation': row(401, 204, 204, 409),
  'POST /confirmations': row(400, 400, 400, 400),
  'POST /invitations/lookup': row(400, 400, 400, 400),
  'POST /invitations': row(400, 400, 400, 400),
  'POST /users/me/invitation': row(401, 400, 400, 400),
  'POST /users/me/password': row(401, 400, 400, 400),
  'GET /users/me/second-factor': row(401, 200, 200, 200),
  'POST /users/me/second-factor': row(401, 400, 400, 400),
  'POST /users/me/second-factor/confirmation': row(401, 400, 400, 400),
  'POST /users/me/second-factor/removal': row(401, 400, 400, 400),
  'GET /users/me/sessions': row(401, 200, 200, 200),
  'DELETE /users/me/sessions/{sessionId}': row(401, 404, 404, 404),
  'GET /users/me/addresses': row(401, 200, 200, 200),
  'POST /users/me/addresses': row(401, 400, 400, 400),
  'PUT /users/me/addresses/{addressId}': row(401, 404, 200, 404, { body: shipTo }),
  'GET /users/me/preferences': row(401, 200, 200, 200),
  'PUT /users/me/preferences': row(401, 400, 400, 400),
  'GET /products': row(200, 200, 200, 200),
  'GET /products/{sku}': row(200, 200, 200, 200),
  'PATCH /products/{sku}': row(401, 403, 403, 400),
  'GET /products/{sku}/picture.svg': row(200, 200, 200, 200),
  'GET /categories': row(200, 200, 200, 200),
  'GET /countries': row(200, 200, 200, 200),
  'POST /products/{sku}/stock': row(401, 403, 403, 400),
  'GET /products/{sku}/stock': row(401, 403, 403, 200),
  'GET /catalog/orders/{orderId}': row(401, 403, 403, 200),
  'GET /cart': row(401, 200, 200, 200),
  'DELETE /cart': row(401, 204, 204, 204),
  'PUT /cart/items/{sku}': row(401, 400, 400, 400),
  'DELETE /cart/items/{sku}': row(401, 200, 200, 200),
  'POST /orders': row(401, 400, 400, 400),
  'GET /orders': row(401, 200, 200, 200),
  'GET /orders/sagas': row(401, 403, 403, 200),
  'GET /orders/sales': row(401, 403, 403, 200),
  'GET /orders/{orderId}': row(401, 404, 200, 200),
  'GET /orders/{orderId}/history': row(401, 404, 200, 200),
  'GET /orders/{orderId}/events': row(401, 404, 200, 200),
  'POST /orders/{orderId}/return': row(401, 404, 409, 409, { body: {} }),
  'POST /orders/{orderId}/return/approve': row(401, 403, 403, 409),
  'POST /orders/{orderId}/return/reject': row(401, 403, 403, 400),
  'POST /orders/{orderId}/return/receive': row(401, 403, 403, 409),
  'POST /orders/{orderId}/deliver': row(401, 403, 403, 409),
  'POST /orders/{orderId}/resume': row(401, 403, 403, 409),
  'GET /payments/{orderId}': row(401, 404, 200, 200),
  'POST /payments/{orderId}/reconcile': row(401, 403, 403, 200),
  'POST /orders/{orderId}/refunds': row(401, 403, 403, 400, {
    headers: { 'idempotency-key': 'k-1' },
  }),
  'GET /notifications': row(401, 200, 200, 200),
  'POST /notifications/{mailId}/resend': row(401, 403, 403, 409),
  'POST /orders/{orderId}/ship': row(401, 403, 403, 200),
  'POST /orders/{orderId}/cancel': row(401, 404, 409, 409),
  'POST /orders/{orderId}/refund': row(401, 404, 409, 200),
  'DELETE /users/me/addresses/{addressId}': row(401, 404, 204, 404),
  'DELETE /users/me/sessions': row(401, 204, 204, 204),
}

/** The routes that no document of a service names. */
for (const service of ['catalog', 'carts', 'orders', 'notifications']) {
  table[`GET /${service}/dead-letters`] = row(401, 403, 403, 200)
  table[`GET /${service}/dead-letters/{eventId}`] = row(401, 403, 403, 404)
  table[`POST /${service}/dead-letters/{eventId}/replay`] = row(401, 403, 403, 404)
  table[`POST /${service}/dead-letters/{eventId}/dismiss`] = row(401, 403, 403, 404)
}

/** The operator's console: what the gateway answers an operator where the shop is supervised. It is for nobody else. */
export const operations: Record<string, { operator: number; body?: unknown }> = {
  'GET /operations/map': { operator: 200 },
  'GET /operations/components': { operator: 200 },
  'GET /operations/books': { operator: 200 },
  'POST /operations/books': { operator: 200 },
  'GET /operations/orders/{orderId}': { operator: 200 },
  'GET /operations/faults': { operator: 200 },
  'POST /operations/faults': { operator: 409, body: { does: 'kill', target: 'orders' } },
  'DELETE /operations/faults/{id}': { operator: 409 },
}

/** Under `dapr run` nobody supervises, which only an operator learns. */
for (const [route, { body }] of Object.entries(operations))
  table[route] = row(401, 403, 403, 404, body ? { body } : {})
