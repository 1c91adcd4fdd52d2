import type { AppConfig } from './dapr-yaml.ts'
import { UserError } from './project.ts'

/** Between the ports of one instance and the next. An app's second instance listens 20 above its first. */
const portStep = 20
/** A further one would reach into the next block of ports. */
const mostInstances = 4

/** The app that clients reach. */
export const gatewayApp = 'gateway'

/** @throws UserError when it is no number of instances */
export function instancesOf(given: string | undefined): number {
  const count = Number(given || 1)
  if (Number.isInteger(count) && count >= 1 && count <= mostInstances) return count
  throw new UserError(`--instances takes a number from 1 to ${mostInstances}, not ${given}`)
}

/**
 * Every app so many times: `orders`, `orders-2`, … They share the app-id, so that sidecars spread calls and brokers
 * events over them. Each port of a further instance is `portStep` higher; the instances of the door all leave their
 * own port to the front that spreads connections over them.
 * @throws UserError when dapr.yaml has more than one instance of an app already
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
