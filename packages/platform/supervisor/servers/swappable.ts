import { entriesOf, type Resource } from '../../config/components/components.ts'
import { servers } from '../../servers/registry.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { bullmq } from './bullmq.ts'
import { mosquitto, mosquittoSessions } from './mosquitto.ts'
import { nats } from './nats.ts'
import { epmd, rabbitmq } from './rabbitmq.ts'
import { type ServerOptions, unitsOf } from './unit.ts'

type Swappable = {
  name: string
  /** Dapr component types that need the server. */
  types: readonly string[]
  /** The secret with the server's address. A component that names another address uses a server elsewhere. */
  secret: string
  /** The server and its companion processes. */
  units(options: ServerOptions): ProcessSpec[]
}

/** Servers of the component sets, by the Dapr components that need them. */
export const swappable: readonly Swappable[] = [
  {
    name: 'nats',
    types: ['pubsub.jetstream'],
    secret: 'broker-url',
    units: (options) => [nats(options)],
  },
  ...servers.map((one) => ({
    name: one.name,
    types: one.types,
    secret: one.address,
    units: (options: ServerOptions) => unitsOf(one, options),
  })),
  {
    name: 'bullmq',
    types: ['pubsub.bullmq'],
    secret: 'redis-host',
    units: (options) => [bullmq(options)],
  },
  {
    name: 'rabbitmq',
    types: ['pubsub.rabbitmq'],
    secret: 'rabbitmq-url',
    units: (options) => [epmd(options), rabbitmq(options)],
  },
  {
    name: 'mosquitto',
    types: ['pubsub.mqtt3'],
    secret: 'mqtt-url',
    units: (options) => [mosquitto(options), mosquittoSessions(options)],
  },
]

/** Returns true when a component of these types takes its address from this project's secret. */
export const isInUse = (
  { types, secret }: Pick<Swappable, 'types' | 'secret'>,
  resources: readonly Resource[],
): boolean =>
  resources.some(
    (resource) =>
      resource.kind === 'Component' &&
      types.includes(String(resource.spec.type)) &&
      entriesOf(resource).some(({ secretKeyRef }) => secretKeyRef?.name === secret),
  )

/** Returns the server of the event broker among the running ones. Redis may run as a state store only. */
export function brokerAmong(running: readonly string[]): string {
  const brokers = swappable.filter(({ types }) => types.some((type) => type.startsWith('pubsub.')))
  const names = brokers.map(({ name }) => name).filter((name) => running.includes(name))
  return names.find((name) => name !== 'redis') ?? names[0] ?? 'nats'
}
