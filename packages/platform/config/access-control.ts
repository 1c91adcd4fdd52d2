import { deadLetterRoutes } from '@sidecart/chassis/messaging/consumer-routes.ts'
import { gatewayApp } from './instances.ts'
import { publicRoutes, subscribes } from './manifest.ts'
import { manifests } from './manifests.ts'

type Route = { method: string; path: string }
type Operation = { name: string; verbs: string[] }

const apiDocument = { method: 'get', path: '/openapi.json' }

/** Returns the routes of a service that each caller may use. Nobody calls the gateway. */
export function callersOf(callee: string): Record<string, readonly Route[]> {
  const service = manifests.find(({ name }) => name === callee)
  if (!service || callee === gatewayApp) return {}
  const { forEveryService = [] } = service
  const deadLetters = subscribes(service) ? deadLetterRoutes(callee) : []
  const routesFor = ({ name, calls = {} }: (typeof manifests)[number]): readonly Route[] => [
    ...(name === gatewayApp ? [apiDocument, ...publicRoutes(service), ...deadLetters] : []),
    ...forEveryService,
    ...(calls[callee] ?? []),
  ]
  return Object.fromEntries(
    manifests
      .filter(({ name }) => name !== callee)
      .map((caller) => [caller.name, routesFor(caller)] as const)
      .filter(([, allowed]) => allowed.length > 0),
  )
}

/**
 * Returns the operations of an access list that allow these routes.
 *
 * Dapr matches a path against a tree of segments and takes the first matching branch. A rule also allows everything
 * below its path unless the rule ends in `/*`, which matches one more segment or none. Every rule therefore ends in
 * `/*`, and a route with a parameter at its end is covered by the rule of its parent. A parameter inside a path is
 * `***`: one segment of any text (`*` matches only at the end, `**` any number of segments). No rule has two segments
 * of any text in a row: `%2e%2e` and a name would then reach other routes.
 */
export function operationsFor(routes: readonly Route[]): Operation[] {
  const verbs = Map.groupBy(routes, ({ path }) => ruleFor(path))
  return [...verbs]
    .map(([name, some]) => ({
      name,
      verbs: [...new Set(some.map(({ method }) => method.toUpperCase()))].sort(),
    }))
    .sort((one, other) => inDaprsOrder(one.name, other.name))
}

/** @throws Error for a route that no rule can allow without allowing others */
export function ruleFor(path: string): string {
  const segments = path.split('/').map((segment) => (/^\{.+\}$/.test(segment) ? '***' : segment))
  const parent = segments.at(-1) === '***' ? segments.slice(0, -1) : segments
  if (parent.length < 2 || parent.at(-1) === '***')
    throw new Error(`${path}: a parameter needs a name in front of it`)
  return [...parent, '*'].join('/')
}

/** Sorts names before `*` before `***`, segment by segment: Dapr takes the first matching branch. */
function inDaprsOrder(one: string, other: string): number {
  const rank = (segment = '') => ({ '*': 1, '***': 2 })[segment] ?? 0
  const [left, right] = [one.split('/'), other.split('/')]
  for (const [index, segment] of left.entries()) {
    const other = right[index] ?? ''
    if (segment !== other) return rank(segment) - rank(other) || (segment < other ? -1 : 1)
  }
  return left.length - right.length
}
