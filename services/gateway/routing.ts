import { openRoutes, owners } from './routes.ts'

/** The services behind the gateway. */
export const services: readonly string[] = [...new Set(Object.values(owners))]

/** Returns the service that owns a path, if any. */
export function ownerOf(path: string): string | undefined {
  const [, segment = ''] = path.split('/')
  return Object.hasOwn(owners, segment) ? owners[segment] : undefined
}

/** Returns a pattern of the paths of a route: `/orders/{orderId}`. */
export const patternOf = (template: string): RegExp =>
  new RegExp(
    `^${template.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+')}$`,
  )

const open = openRoutes.map(([method, path]) => ({ method, pattern: patternOf(path) }))

/** Returns whether a request is allowed without an access token. */
export const isOpen = (method: string, path: string): boolean =>
  open.some(
    (route) =>
      (method === route.method || (method === 'HEAD' && route.method === 'GET')) &&
      route.pattern.test(path),
  )
