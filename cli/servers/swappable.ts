import type { Unit } from '../unit.ts'
import { kafka } from './kafka.ts'
import { mariadb } from './mariadb.ts'
import { mosquitto } from './mosquitto.ts'
import { nats } from './nats.ts'
import { epmd, rabbitmq } from './rabbitmq.ts'
import { redis } from './redis.ts'
import type { ServerOptions } from './unit.ts'

/** A server of the component sets; `before` it come those that it cannot do without. */
type Swappable = {
  name: string
  /** The Dapr components that need it. */
  types: readonly string[]
  unit(options: ServerOptions): Unit
  before?(options: ServerOptions): Unit
}

/** The servers of the component sets, by the Dapr components that need them. */
export const swappable: readonly Swappable[] = [
  { name: 'nats', types: ['pubsub.jetstream'], unit: nats },
  { name: 'redis', types: ['pubsub.redis', 'state.redis'], unit: redis },
  { name: 'rabbitmq', types: ['pubsub.rabbitmq'], unit: rabbitmq, before: epmd },
  { name: 'kafka', types: ['pubsub.kafka'], unit: kafka },
  { name: 'mosquitto', types: ['pubsub.mqtt3'], unit: mosquitto },
  { name: 'mariadb', types: ['state.mysql'], unit: mariadb },
]

export const unitsOf = ({ before, unit }: Swappable, options: ServerOptions): Unit[] =>
  before ? [before(options), unit(options)] : [unit(options)]

/** Which of the running servers carries the facts. Redis may be there as a store only. */
export function brokerAmong(running: readonly string[]): string {
  const brokers = swappable.filter(({ types }) => types.some((type) => type.startsWith('pubsub.')))
  const names = brokers.map(({ name }) => name).filter((name) => running.includes(name))
  return names.find((name) => name !== 'redis') ?? names[0] ?? 'nats'
}
