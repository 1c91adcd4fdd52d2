import type { RouteConfig } from '@hono/zod-openapi'
import type { ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import { z } from 'zod'
import { portsAt, providerPort } from './ports.ts'
import { UserError } from './project.ts'

/** First segments of paths that the gateway, the web app or every app answers itself. */
export const reserved = [
  ...['assets', 'docs', 'events', 'healthz', 'internal', 'metrics', 'openapi.json', 'operations'],
  ...['ops', 'readyz'],
]

const Route = z.looseObject({ method: z.string(), path: z.string().startsWith('/') })
const EventType = z.custom<NonNullable<ServiceManifest['subscribesTo']>[number]>(
  (value) => typeof value === 'function' && 'topic' in value,
  'not an event of a contract',
)
const Manifest = z.strictObject({
  name: z.string().regex(/^[a-z]+$/, 'one word of lower-case letters'),
  owns: z.string().min(1),
  position: z.int().min(0).max(19),
  routes: z.record(z.string(), Route).optional(),
  forEveryService: z.array(Route).optional(),
  publishes: z.record(z.string(), EventType).optional(),
  subscribesTo: z.array(EventType).optional(),
  calls: z.record(z.string(), z.array(Route)).optional(),
  database: z.boolean().optional(),
  secrets: z.array(z.string().regex(/^[a-z][a-z0-9-]*$/)).optional(),
  components: z.array(z.enum(['statestore', 'cache', 'email'])).optional(),
  container: z
    .strictObject({
      networks: z.array(z.string()).optional(),
      ports: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
})

/**
 * Returns the manifests in the order of their positions.
 * @throws UserError naming each manifest that is malformed or contradicts another
 */
export function checked(given: readonly { folder: string; service: unknown }[]): ServiceManifest[] {
  const faults = given.flatMap(({ folder, service }) => {
    const { error, data } = Manifest.safeParse(service)
    const about = `services/${folder}/service.ts`
    if (error)
      return error.issues.map(({ path, message }) => `${about}: ${path.join('.')}: ${message}`)
    return data.name === folder
      ? []
      : [`${about}: the name is ${data.name}, not that of the folder`]
  })
  if (faults.length > 0) throw new UserError(faults.join('\n'))
  const all = given
    .map(({ service }) => service as ServiceManifest)
    .sort((one, other) => one.position - other.position)
  const contradictions = all.flatMap((one) =>
    contradictionsOf(one, all).map((what) => `services/${one.name}/service.ts: ${what}`),
  )
  if (contradictions.length > 0) throw new UserError(contradictions.join('\n'))
  return all
}

function contradictionsOf(one: ServiceManifest, all: readonly ServiceManifest[]): string[] {
  const others = all.filter((other) => other !== one)
  const published = new Set(all.flatMap(topicsOf))
  const same = others.find(({ position }) => position === one.position)
  const segments = publicSegments(one)
  return [
    ...(portsAt(one.position).app === providerPort
      ? [`position ${one.position} is the port of the payment provider`]
      : []),
    ...(same ? [`position ${one.position} is that of ${same.name}`] : []),
    ...Object.values(one.publishes ?? {})
      .filter(({ owner }) => owner !== one.name)
      .map(({ topic }) => `publishes: ${topic} is not an event of ${one.name}`),
    ...Object.values(one.publishes ?? {})
      .filter(({ key }) => key === undefined)
      .map(({ topic }) => `publishes: ${topic} has no key, the field with the id of what changed`),
    ...(one.subscribesTo ?? [])
      .filter(({ topic }) => !published.has(topic))
      .map(({ topic }) => `subscribesTo: nobody publishes ${topic}`),
    ...Object.entries(one.calls ?? {}).flatMap(([callee, routes]) => {
      const known = Object.values(all.find(({ name }) => name === callee)?.routes ?? {})
      return routes
        .filter((route) => !known.some((other) => isSame(route, other)))
        .map(({ method, path }) => `calls: ${callee} has no route ${method.toUpperCase()} ${path}`)
    }),
    ...others
      .filter(({ position }) => position < one.position)
      .flatMap((other) => publicSegments(other).filter((segment) => segments.includes(segment)))
      .map((segment) => `routes: /${segment} belongs to another service`),
    ...segments
      .filter((segment) => reserved.includes(segment))
      .map((segment) => `routes: /${segment} belongs to the gateway`),
  ]
}

const isSame = (one: Endpoint, other: Endpoint) =>
  one.method === other.method && one.path === other.path

type Endpoint = { method: string; path: string }

export const topicsOf = ({ publishes = {} }: ServiceManifest): string[] =>
  Object.values(publishes).map(({ topic }) => topic)

export const isPublic = ({ path }: Endpoint): boolean => !path.startsWith('/internal/')

export const subscribes = ({ subscribesTo = [] }: ServiceManifest): boolean =>
  subscribesTo.length > 0

/** Whether a service publishes or subscribes. */
export const usesBroker = (service: ServiceManifest): boolean =>
  subscribes(service) || topicsOf(service).length > 0

export const uses = (
  component: NonNullable<ServiceManifest['components']>[number],
  { components = [] }: ServiceManifest,
): boolean => components.includes(component)

/** Returns the routes of a service that clients reach through the gateway, without those for dead letters. */
export const publicRoutes = ({
  routes = {},
  forEveryService = [],
}: ServiceManifest): RouteConfig[] => [
  ...forEveryService,
  ...Object.values(routes).filter(isPublic),
]

/** Returns the first segments of the paths that clients reach through the gateway: `orders` for `/orders/{id}`. */
export const publicSegments = (service: ServiceManifest): string[] => [
  ...new Set([
    ...publicRoutes(service).map(({ path }) => path.split('/')[1] ?? ''),
    // its dead letters
    ...(subscribes(service) ? [service.name] : []),
  ]),
]
