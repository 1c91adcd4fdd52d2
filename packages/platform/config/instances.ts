import type { AppConfig } from './dapr-yaml.ts'
import { UserError } from './project.ts'

/** Difference between the ports of two instances: an app's second instance listens 20 above the first. */
const portStep = 20
/** Maximum: ports of a further instance would reach the next block of ports. */
const mostInstances = 4

/** App id of the gateway. */
export const gatewayApp = 'gateway'

/** Numbers of instances: of each app, and of some apps in its place (`orders=3,gateway=2`). */
export type Instances = { instances?: string | undefined; scale?: string | undefined }

/**
 * Returns every app config as often as is asked for: `orders`, `orders-2`, … Instances share the app id, so sidecars
 * spread calls and brokers spread events over them. Each port of a further instance is `portStep` higher; several
 * instances of the gateway leave its own port to the load balancer.
 * @throws UserError when a number or an app is unknown, or dapr.yaml already has several instances of an app
 */
export function withInstances(
  appConfigs: readonly AppConfig[],
  { instances, scale }: Instances,
): AppConfig[] {
  const all = countOf(instances || '1', '--instances')
  const some = scaleOf(scale, new Set(appConfigs.map(({ appId }) => appId)))
  if (all === 1 && some.size === 0) return [...appConfigs]
  if (appConfigs.some(({ name, appId }) => name !== appId))
    throw new UserError(
      'dapr.yaml names further instances itself: start without --instances and --scale',
    )
  const timesOf = ({ appId }: AppConfig) => some.get(appId) ?? all
  return Array.from({ length: mostInstances }, (_, index) =>
    appConfigs
      .filter((appConfig) => index < timesOf(appConfig))
      .map((appConfig) => instanceOf(appConfig, index, timesOf(appConfig))),
  ).flat()
}

function countOf(given: string, option: string): number {
  const count = Number(given)
  if (Number.isInteger(count) && count >= 1 && count <= mostInstances) return count
  throw new UserError(`${option} takes a number from 1 to ${mostInstances}, not ${given}`)
}

function scaleOf(given: string | undefined, apps: ReadonlySet<string>): Map<string, number> {
  const parts = (given ?? '').split(',').filter(Boolean)
  return new Map(
    parts.map((part) => {
      const [app = '', count = ''] = part.split('=').map((word) => word.trim())
      if (!apps.has(app))
        throw new UserError(`--scale: there is no app ${app}, only ${[...apps].join(', ')}`)
      return [app, countOf(count, `--scale ${app}=`)]
    }),
  )
}

function instanceOf(appConfig: AppConfig, index: number, count: number): AppConfig {
  const { app, http, grpc, internal, metrics } = appConfig.ports
  const by = index * portStep
  const isBalanced = count > 1 && appConfig.appId === gatewayApp
  return {
    ...appConfig,
    name: index === 0 ? appConfig.name : `${appConfig.name}-${index + 1}`,
    ports: {
      app: app + by + (isBalanced ? portStep : 0),
      http: http + by,
      grpc: grpc + by,
      internal: internal + by,
      metrics: metrics + by,
    },
  }
}
