import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RouteConfig } from '@hono/zod-openapi'
import type { ServiceManifest } from '@sidecart/chassis/contract/manifest.ts'
import { gatewayApp } from './instances.ts'
import { checked, subscribes } from './manifest.ts'

const folders = readdirSync(join(import.meta.dirname, '../../../services'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

/** The manifests of all services, in the order of their positions. */
export const manifests: readonly ServiceManifest[] = checked(
  await Promise.all(
    folders.map(async (folder) => {
      const { service } = (await import(`@sidecart/${folder}/service.ts`)) as { service: unknown }
      return { folder, service }
    }),
  ),
)

/** The services behind the gateway. */
export const inner = manifests.filter(({ name }) => name !== gatewayApp)

/** The routes in the contracts of the services behind the gateway, by app id. */
export const routesByService: Record<string, Record<string, RouteConfig>> = Object.fromEntries(
  inner.map(({ name, routes = {} }) => [name, routes]),
)

/** The services that handle events: operators reach the dead letters of these. */
export const consumers: readonly string[] = manifests.filter(subscribes).map(({ name }) => name)
