/**
 * The status of each public route for an anonymous caller, another customer, the owner and an operator, reviewed by hand.
 * `tests/security/routes.test.ts` sends each request to the started shop.
 */
export const access = {
  'GET /products': [200, 200, 200, 200],
  'GET /products/{sku}': [200, 200, 200, 200],
  'PATCH /products/{sku}': [401, 403, 403, 400],
  'GET /products/{sku}/picture.svg': [200, 200, 200, 200],
  'GET /categories': [200, 200, 200, 200],
  'POST /products/{sku}/stock': [401, 403, 403, 400],
  'GET /products/{sku}/stock': [401, 403, 403, 200],
  'GET /catalog/orders/{orderId}': [401, 403, 403, 200],
}
