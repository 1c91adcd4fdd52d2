import { join } from 'node:path'
import type { Lack } from '../../../components/capabilities.ts'
import { type Kind, prefixes } from '../config/components/component-sets.ts'
import { entriesOf, type Resource, readResources } from '../config/components/components.ts'
import { bullmq } from './bullmq.ts'
import { kafka } from './kafka.ts'
import { mariadb } from './mariadb.ts'
import { mosquitto } from './mosquitto.ts'
import { nats } from './nats.ts'
import { rabbitmq } from './rabbitmq.ts'
import { redis } from './redis.ts'
import type { Broker, Server, Store } from './server.ts'

/** Servers of the component sets. */
export const servers: readonly Server[] = [
  nats,
  redis,
  bullmq,
  rabbitmq,
  kafka,
  mosquitto,
  mariadb,
  // further ones at the end: with `--ports-from` the ports follow one another in this order
]

/** Component types of brokers. */
export const brokerTypes = new Map<string, Broker>(typesOf('pubsub.'))

/** Returns the component types of all servers that begin with a word. */
function typesOf(word: string): [type: string, Broker | Store][] {
  return servers
    .flatMap(({ components }) => Object.entries<Broker | Store>(components))
    .filter(([type]) => type.startsWith(word))
}

/** Returns true when a component of this type makes the server what it is. */
export const provides = ({ components }: Server, type: unknown): boolean =>
  String(type) in components

/** Returns the servers needed by these components. */
export function serversFor(resources: readonly Resource[]): Server[] {
  const named = servers.filter((one) => isInUse(one, resources))
  return servers.filter((one) => named.some(({ name, on }) => one.name === name || one === on))
}

const isInUse = (one: Server, resources: readonly Resource[]): boolean =>
  resources.some(
    (resource) =>
      resource.kind === 'Component' &&
      provides(one, resource.spec.type) &&
      entriesOf(resource).some(({ secretKeyRef }) => secretKeyRef?.name === one.address),
  )

const isOf = (word: string, { components }: Server) =>
  Object.keys(components).some((type) => type.startsWith(word))

/** Returns the server of the event broker among the running ones. A server that is also a store may run as such. */
export function brokerAmong(running: readonly string[]): string {
  const brokers = servers.filter((one) => isOf('pubsub.', one) && running.includes(one.name))
  return (brokers.find((one) => !isOf('state.', one)) ?? brokers[0] ?? nats).name
}

type Described = Exclude<Kind, 'secrets' | 'cache'>

/** Returns the server of a component set; `undefined` for a set that needs none of its own. */
export function serverBehind(kind: Described, set: string, root: string): Server | undefined {
  const resources = readResources([join(root, 'components', prefixes[kind] + set)])
  const types = resources.map(({ spec }) => spec.type)
  return serversFor(resources).find((one) => types.some((type) => provides(one, type)))
}

/** Returns the capabilities that a set is declared to lack, with reasons. A type without a definition lacks nothing. */
export function lacksOf(kind: Described, set: string, root: string): Record<string, Lack> {
  const resources = readResources([join(root, 'components', prefixes[kind] + set)])
  const known = new Map(typesOf(kind === 'broker' ? 'pubsub.' : 'state.'))
  const found = resources.map(({ spec }) => known.get(String(spec.type))).find(Boolean)
  return found?.lacks ?? {}
}
