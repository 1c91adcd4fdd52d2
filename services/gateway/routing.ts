/** Owning service by first segment of a public path. Unlisted segments do not exist for clients. */
const owners: Record<string, string> = {
  '.well-known': 'users',
  users: 'users',
  sessions: 'users',
  countries: 'users',
  products: 'catalog',
  categories: 'catalog',
  catalog: 'catalog',
  cart: 'carts',
  carts: 'carts',
  orders: 'orders',
  payments: 'payments',
  notifications: 'notifications',
}

export const services: readonly string[] = [...new Set(Object.values(owners))]

/** Returns the service that owns a path, if any. */
export function ownerOf(path: string): string | undefined {
  const [, segment = ''] = path.split('/')
  return Object.hasOwn(owners, segment) ? owners[segment] : undefined
}

const open: readonly [method: string, path: RegExp][] = [
  ['POST', /^\/users$/],
  ['POST', /^\/sessions(\/refresh|\/logout)?$/],
  ['GET', /^\/\.well-known\/jwks\.json$/],
  ['GET', /^\/products(\/|$)(?!.*\/stock$)/],
  ['GET', /^\/categories$/],
  ['GET', /^\/countries$/],
]

/** Returns whether a request is allowed without an access token. */
export const isOpen = (method: string, path: string): boolean =>
  open.some(
    ([openMethod, pattern]) =>
      (method === openMethod || (method === 'HEAD' && openMethod === 'GET')) && pattern.test(path),
  )
