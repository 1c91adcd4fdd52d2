/**
 * The status of each public route for an anonymous caller, another customer, the owner and an operator, reviewed by hand.
 * `tests/security/routes.test.ts` sends each request to the started shop.
 */
export const access = {
  'POST /orders': [401, 400, 400, 400],
  'GET /orders': [401, 200, 200, 200],
  'GET /orders/sagas': [401, 403, 403, 200],
  'GET /orders/sales': [401, 403, 403, 200],
  'GET /orders/{orderId}': [401, 404, 200, 200],
  'GET /orders/{orderId}/history': [401, 404, 200, 200],
  'GET /orders/{orderId}/events': [401, 404, 200, 200],
  'POST /orders/{orderId}/return': { answers: [401, 404, 409, 409], body: {} },
  'POST /orders/{orderId}/return/approve': [401, 403, 403, 409],
  'POST /orders/{orderId}/return/reject': [401, 403, 403, 400],
  'POST /orders/{orderId}/return/receive': [401, 403, 403, 409],
  'POST /orders/{orderId}/deliver': [401, 403, 403, 409],
  'POST /orders/{orderId}/resume': [401, 403, 403, 409],
  'POST /orders/{orderId}/refunds': {
    answers: [401, 403, 403, 400],
    headers: { 'idempotency-key': 'k-1' },
  },
  'POST /orders/{orderId}/ship': [401, 403, 403, 200],
  'POST /orders/{orderId}/cancel': [401, 404, 409, 409],
  'POST /orders/{orderId}/refund': [401, 404, 409, 200],
}
