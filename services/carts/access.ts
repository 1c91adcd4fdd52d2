/**
 * The status of each public route for an anonymous caller, another customer, the owner and an operator, reviewed by hand.
 * `tests/security/routes.test.ts` sends each request to the started shop.
 */
export const access = {
  'GET /cart': [401, 200, 200, 200],
  'DELETE /cart': [401, 204, 204, 204],
  'PUT /cart/items/{sku}': [401, 400, 400, 400],
  'DELETE /cart/items/{sku}': [401, 200, 200, 200],
}
