/**
 * The status of each public route for an anonymous caller, another customer, the owner and an operator, reviewed by hand.
 * `tests/security/routes.test.ts` sends each request to the started shop.
 */
export const access = {
  'GET /payments/{orderId}': [401, 404, 200, 200],
  'POST /payments/{orderId}/reconcile': [401, 403, 403, 200],
}
