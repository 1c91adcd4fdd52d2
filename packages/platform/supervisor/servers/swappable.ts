import type { ProcessSpec } from '../process-spec.ts'
import { bullmq } from './bullmq.ts'
import { kafka } from './kafka.ts'
import { mariadb } from './mariadb.ts'
import { mosquitto, mosquittoSessions } from './mosquitto.ts'
import { nats } from './nats.ts'
import { epmd, rabbitmq } from './rabbitmq.ts'
import { redis } from './redis.ts'
import type { ServerOptions } from './unit.ts'

type Swappable = {
  name: string
  /** Dapr component types that need the server. */
  types: readonly string[]
  /** The server and its companion processes. */
  units: readonly ((options: ServerOptions) => ProcessSpec)[]
}

/** Servers of the component sets, by the Dapr components that need them. */
export const swappable: readonly Swappable[] = [
  { name: 'nats', types: ['pubsub.jetstream'], units: [nats] },
  { name: 'redis', types: ['pubsub.redis', 'state.redis', 'pubsub.bullmq'], units: [redis] },
  { name: 'bullmq', types: ['pubsub.bullmq'], units: [bullmq] },
  { name: 'rabbitmq', types: ['pubsub.rabbitmq'], units: [epmd, rabbitmq] },
  { name: 'kafka', types: ['pubsub.kafka'], units: [kafka] },
  { name: 'mosquitto', types: ['pubsub.mqtt3'], units: [mosquitto, mosquittoSessions] },
  { name: 'mariadb', types: ['state.mysql'], units: [mariadb] },
]

/** Returns the server of the event broker among the running ones. Redis may run as a state store only. */
export function brokerAmong(running: readonly string[]): string {
  const brokers = swappable.filter(({ types }) => types.some((type) => type.startsWith('pubsub.')))
  const names = brokers.map(({ name }) => name).filter((name) => running.includes(name))
  return names.find((name) => name !== 'redis') ?? names[0] ?? 'nats'
}
