import type { Stanza } from './dapr-yaml.ts'
import { Advice } from './project.ts'

/** Between the ports of one instance and the next. An app's second instance listens 20 above its first. */
const portStep = 20
/** A further one would reach into the next block of ports. */
const mostInstances = 4

/** The app that clients reach. */
export const door = 'gateway'

/** @throws Advice when it is no number of instances */
export function instancesOf(given: string | undefined): number {
  const count = Number(given || 1)
  if (Number.isInteger(count) && count >= 1 && count <= mostInstances) return count
  throw new Advice(`--instances takes a number from 1 to ${mostInstances}, not ${given}`)
}

/**
 * Every app so many times: `orders`, `orders-2`, … They share the app-id, so that sidecars spread calls and brokers
 * facts over them. Each port of a further instance is `portStep` higher; the instances of the door all leave their
 * own port to the front that spreads connections over them.
 * @throws Advice when dapr.yaml has more than one instance of an app already
 */
export function withInstances(stanzas: readonly Stanza[], count: number): Stanza[] {
  if (count === 1) return [...stanzas]
  if (stanzas.some(({ name, appId }) => name !== appId))
    throw new Advice('dapr.yaml names further instances itself: start without --instances')
  return Array.from({ length: count }, (_, index) =>
    stanzas.map((stanza) => instanceOf(stanza, index)),
  ).flat()
}

function instanceOf(stanza: Stanza, index: number): Stanza {
  const { app, http, grpc, internal, metrics } = stanza.ports
  const by = index * portStep
  const isDoor = stanza.appId === door
  return {
    ...stanza,
    name: index === 0 ? stanza.name : `${stanza.name}-${index + 1}`,
    ports: {
      app: app + by + (isDoor ? portStep : 0),
      http: http + by,
      grpc: grpc + by,
      internal: internal + by,
      metrics: metrics + by,
    },
  }
}
