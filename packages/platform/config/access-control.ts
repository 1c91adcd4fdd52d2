import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogRoutes } from '@sidecart/catalog/contract.ts'
import { publishedKeys } from '@sidecart/chassis/http/authentication.ts'
import { deadLetterRoutes } from '@sidecart/chassis/messaging/consumer-routes.ts'
import { paymentsRoutes } from '@sidecart/payments/contract.ts'
import { usersRoutes } from '@sidecart/users/contract.ts'
import { routesByService } from './contracts.ts'
import type { Project } from './project.ts'

type Route = { method: string; path: string }
type Operation = { name: string; verbs: string[] }

/** Services with consumers: operators reach the dead letters of these. */
export const consumers = ['carts', 'catalog', 'notifications', 'orders']

/** The calls between services, by caller and callee; the gateway's calls are derived from the contracts. */
export const internalCalls: Record<string, Record<string, readonly Route[]>> = {
  orders: {
    catalog: [
      catalogRoutes.lookUp,
      catalogRoutes.reserve,
      catalogRoutes.release,
      catalogRoutes.returnGoods,
    ],
    payments: [paymentsRoutes.charge, paymentsRoutes.refund, paymentsRoutes.refundPart],
    users: [usersRoutes.savedAddress],
  },
}

const apiDocument = { method: 'get', path: '/openapi.json' }
const isPublic = ({ path }: Route) => !path.startsWith('/internal/')

/** Returns the routes of a service that each caller may use. */
export function callersOf(callee: string): Record<string, readonly Route[]> {
  const routes: Route[] = Object.values(routesByService[callee] ?? {})
  if (routes.length === 0) return {}
  const keys: Route[] = callee === 'users' ? [publishedKeys] : []
  const deadLetters = consumers.includes(callee) ? deadLetterRoutes(callee) : []
  const others = Object.keys(routesByService).filter((app) => app !== callee)
  return Object.fromEntries(
    [
      ['gateway', [apiDocument, ...keys, ...routes.filter(isPublic), ...deadLetters]] as const,
      ...others.map((app) => [app, [...keys, ...(internalCalls[app]?.[callee] ?? [])]] as const),
    ].filter(([, allowed]) => allowed.length > 0),
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

const about = '  # Who may call what here; everything else is refused with 403.'

/** Returns the access control section of a service's configuration. */
export function accessControlOf(callee: string): string {
  const policies = Object.entries(callersOf(callee)).map(([caller, routes]) => {
    const operations = operationsFor(routes).map(
      ({ name, verbs }) =>
        `          - { name: "${name}", httpVerb: [${verbs.join(', ')}], action: allow }\n`,
    )
    return `      - appId: ${caller}
        namespace: default
        trustDomain: public
        defaultAction: deny
        operations:
${operations.join('')}`
  })
  return `${about} Written by \`./sidecart access-control\`.
  accessControl:
    defaultAction: deny
    trustDomain: public
    policies:${policies.length === 0 ? ' [] # nobody calls the gateway' : ''}
${policies.join('')}`
}

const configurationOf = ({ root }: Project, app: string) =>
  join(root, 'components', 'common', 'configuration', `${app}.yaml`)

/** Returns a configuration with its access control section replaced. */
function withAccessControl(text: string, callee: string): string {
  const lines = text.split('\n')
  const from = lines.findIndex(
    (line) => line.startsWith(about) || line.startsWith('  accessControl:'),
  )
  const rest = lines.slice(from).findIndex((line, index) => index > 0 && endsPart(line))
  if (from < 0) throw new Error(`the configuration of ${callee} has no accessControl`)
  const after = rest < 0 ? [] : lines.slice(from + rest)
  return [...lines.slice(0, from), accessControlOf(callee) + after.join('\n')].join('\n')
}

const endsPart = (line: string) => /^ {0,2}\S/.test(line) && !line.startsWith('  accessControl:')

/** Returns the files whose access control differs from the contracts, with the expected text. */
export function staleAccessControl(project: Project): Map<string, string> {
  const apps = ['gateway', ...Object.keys(routesByService)]
  return new Map(
    apps.flatMap((app) => {
      const file = configurationOf(project, app)
      const text = readFileSync(file, 'utf8')
      const wanted = withAccessControl(text, app)
      return wanted === text ? [] : [[file, wanted] as const]
    }),
  )
}

/** Writes the access control of every service into its configuration and returns the changed files. */
export function writeAccessControl(project: Project): string[] {
  const stale = staleAccessControl(project)
  for (const [file, text] of stale) writeFileSync(file, text)
  return [...stale.keys()]
}
