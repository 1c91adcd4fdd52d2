import type { RouteConfig } from '@hono/zod-openapi'
import type { EventDefinition } from './event.ts'

/** Components of the shop that a sidecar may load besides the broker and the secret store. */
export type ComponentName = 'statestore' | 'cache' | 'email'

/**
 * A service as the rest of the system sees it. Access lists, subscriptions, scopes, secrets, databases, gateway routes,
 * API documents, containers and pages are generated from the manifests: `./sidecart generate`.
 */
export type ServiceManifest = {
  /** App id, folder, database role, and first word of its topics: one word in lower case. */
  name: string
  /** The data and rules that belong to this service alone: its line in the README. */
  owns: string
  /** Distance of its ports from those of the gateway: 8080 for the app, 3500 for its sidecar, … */
  position: number
  /** The routes of its contract. Those below `/internal/` are for other services, all others are public. */
  routes?: Record<string, RouteConfig>
  /** Routes, besides those of the contract, that the gateway and every service may call. */
  forEveryService?: readonly RouteConfig[]
  publishes?: Record<string, EventDefinition>
  /** The events it handles, with a dead letter topic of its own. */
  subscribesTo?: readonly EventDefinition[]
  /** Routes it calls, by callee. */
  calls?: Record<string, readonly RouteConfig[]>
  /** Has a database of its own, and `migrations/`. */
  database?: boolean
  /** Secrets that its app reads besides the connection string of its database. */
  secrets?: readonly string[]
  components?: readonly ComponentName[]
  /** Needs of its app's container, beyond the network it shares with its sidecar and database. */
  container?: {
    networks?: readonly string[]
    ports?: readonly string[]
    environment?: Record<string, string>
  }
}

/**
 * Declares a service, in `services/NAME/service.ts`.
 *
 * @example
 * export const service = defineService({ name: 'orders', owns: 'the life of an order', position: 4, database: true,
 *   routes: ordersRoutes, publishes: orderEvents, calls: { catalog: [catalogRoutes.reserve] } })
 */
export const defineService = (manifest: ServiceManifest): ServiceManifest => manifest
