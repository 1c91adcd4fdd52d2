import { entriesOf, type Resource } from '../config/components/components.ts'
import { bullmq } from './bullmq.ts'
import { kafka } from './kafka.ts'
import { mariadb } from './mariadb.ts'
import { mosquitto } from './mosquitto.ts'
import { nats } from './nats.ts'
import { rabbitmq } from './rabbitmq.ts'
import { redis } from './redis.ts'
import type { Server } from './server.ts'

/** Servers of the component sets. With `--ports-from` their ports follow one another in this order. */
export const servers: readonly Server[] = [nats, redis, bullmq, rabbitmq, kafka, mosquitto, mariadb]

/** Returns the servers needed by these components. */
export function serversFor(resources: readonly Resource[]): Server[] {
  const named = servers.filter((one) => isInUse(one, resources))
  return servers.filter((one) => named.some(({ name, on }) => one.name === name || one === on))
}

const isInUse = ({ types, address }: Server, resources: readonly Resource[]): boolean =>
  resources.some(
    (resource) =>
      resource.kind === 'Component' &&
      types.includes(String(resource.spec.type)) &&
      entriesOf(resource).some(({ secretKeyRef }) => secretKeyRef?.name === address),
  )

const isOf = (kind: string, { types }: Server) => types.some((type) => type.startsWith(kind))

/** Returns the server of the event broker among the running ones. A server that is also a store may run as such. */
export function brokerAmong(running: readonly string[]): string {
  const brokers = servers.filter((one) => isOf('pubsub.', one) && running.includes(one.name))
  return (brokers.find((one) => !isOf('state.', one)) ?? brokers[0] ?? nats).name
}
