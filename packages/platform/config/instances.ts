import type { AppConfig } from './dapr-yaml.ts'
import { UserError } from './project.ts'

/** Difference between the ports of two instances: an app's second instance listens 20 above the first. */
const portStep = 20
/** Maximum: ports of a further instance would reach the next block of ports. */
const mostInstances = 4

/** App id of the gateway. */
export const gatewayApp = 'gateway'

/** @throws UserError when the text is no valid number of instances */
export function instancesOf(given: string | undefined): number {
  const count = Number(given || 1)
  if (Number.isInteger(count) && count >= 1 && count <= mostInstances) return count
  throw new UserError(`--instances takes a number from 1 to ${mostInstances}, not ${given}`)
}

/**
 * Returns every app config `count` times: `orders`, `orders-2`, … Instances share the app id, so sidecars spread calls
 * and brokers spread events over them. Each port of a further instance is `portStep` higher; gateway instances leave
 * the gateway's own port to the load balancer.
 * @throws UserError when dapr.yaml already has several instances of an app
 */
export function withInstances(appConfigs: readonly AppConfig[], count: number): AppConfig[] {
  if (count === 1) return [...appConfigs]
  if (appConfigs.some(({ name, appId }) => name !== appId))
    throw new UserError('dapr.yaml names further instances itself: start without --instances')
  return Array.from({ length: count }, (_, index) =>
    appConfigs.map((appConfig) => instanceOf(appConfig, index)),
  ).flat()
}

function instanceOf(appConfig: AppConfig, index: number): AppConfig {
  const { app, http, grpc, internal, metrics } = appConfig.ports
  const by = index * portStep
  const isDoor = appConfig.appId === gatewayApp
  return {
    ...appConfig,
    name: index === 0 ? appConfig.name : `${appConfig.name}-${index + 1}`,
    ports: {
      app: app + by + (isDoor ? portStep : 0),
      http: http + by,
      grpc: grpc + by,
      internal: internal + by,
      metrics: metrics + by,
    },
  }
}
