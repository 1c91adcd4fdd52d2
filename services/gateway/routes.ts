// Written by `./sidecart generate` from services/*/service.ts.

/** Owning service by first segment of a public path. Unlisted segments do not exist for clients. */
export const owners: Record<string, string> = {
  '.well-known': 'users',
  users: 'users',
  sessions: 'users',
  countries: 'users',
  confirmations: 'users',
  products: 'catalog',
  categories: 'catalog',
  catalog: 'catalog',
  cart: 'carts',
  carts: 'carts',
  orders: 'orders',
  payments: 'payments',
  notifications: 'notifications',
}

/** Public routes without `security` in their contract: allowed without an access token. */
export const openRoutes: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/.well-known/jwks.json'],
  ['POST', '/users'],
  ['POST', '/sessions'],
  ['POST', '/sessions/refresh'],
  ['POST', '/sessions/logout'],
  ['GET', '/countries'],
  ['POST', '/confirmations'],
  ['GET', '/products'],
  ['GET', '/products/{sku}'],
  ['GET', '/products/{sku}/picture.svg'],
  ['GET', '/categories'],
]
