import { ensureStream, startNats } from '../../runtime/nats.ts'
import { startEpmd, startRabbitmq } from '../../runtime/rabbitmq.ts'
import { redisAnswers, startRedis } from '../../runtime/redis.ts'
import { accepts } from '../../runtime/started.ts'
import { streamsFor, topicsFor } from '../components.ts'
import {
  brokerMonitorPort,
  brokerPort,
  epmdPort,
  rabbitmqNodePort,
  rabbitmqPort,
  realPort,
  redisPort,
} from '../ports.ts'
import type { Unit } from '../unit.ts'
import { answersHttp, dirOf, logOf, type ServerOptions, server } from './unit.ts'

/** The servers of the component sets, by the Dapr components that need them. */
export const swappable: readonly {
  name: string
  types: readonly string[]
  /** The server itself, and what it cannot do without. */
  units(options: ServerOptions): Unit[]
}[] = [
  { name: 'nats', types: ['pubsub.jetstream'], units: (options) => [nats(options)] },
  { name: 'redis', types: ['pubsub.redis', 'state.redis'], units: (options) => [redis(options)] },
  {
    name: 'rabbitmq',
    types: ['pubsub.rabbitmq'],
    units: (options) => [epmd(options), rabbitmq(options)],
  },
]

function nats({ project, runtime, secrets, resources }: ServerOptions): Unit {
  const { username: user, password } = new URL(secrets['broker-url'] ?? '')
  const port = realPort(brokerPort)
  const login = { url: `nats://127.0.0.1:${port}`, user, password }
  const given = {
    path: runtime.parts['nats-server'].path,
    dir: dirOf(project, 'nats'),
    port,
    monitorPort: brokerMonitorPort,
    user,
    password,
    logFile: logOf(project, 'nats'),
  }
  return server(
    project,
    'nats',
    { client: port, monitor: brokerMonitorPort },
    {
      start: async () => (await startNats(given)).proc,
      prepare: async () => {
        for (const stream of streamsFor(resources)) await ensureStream({ ...login, ...stream })
      },
      ready: answersHttp(brokerMonitorPort),
      // Dapr's component tries to reconnect for two minutes, then never again, and calls itself healthy.
      dependentsSurviveMs: 100_000,
    },
  )
}

function redis({ project, secrets }: ServerOptions): Unit {
  const login = {
    port: redisPort,
    user: secrets['redis-username'] ?? '',
    password: secrets['redis-password'] ?? '',
  }
  const given = { ...login, dir: dirOf(project, 'redis'), logFile: logOf(project, 'redis') }
  return server(
    project,
    'redis',
    { client: redisPort },
    {
      start: async () => (await startRedis({ ...given, log: console.error })).proc,
      ready: () => redisAnswers(login),
    },
  )
}

function epmd({ project }: ServerOptions): Unit {
  return server(
    project,
    'epmd',
    { names: epmdPort },
    {
      start: async () => (await startEpmd(epmdPort, logOf(project, 'epmd'))).proc,
      ready: () => accepts(epmdPort),
    },
  )
}

function rabbitmq({ project, secrets, resources }: ServerOptions): Unit {
  const { username: user, password } = new URL(secrets['rabbitmq-url'] ?? '')
  const given = {
    dir: dirOf(project, 'rabbitmq'),
    port: rabbitmqPort,
    nodePort: rabbitmqNodePort,
    epmdPort,
    user,
    password,
    topics: topicsFor(resources),
    logFile: logOf(project, 'rabbitmq'),
    log: console.error,
  }
  return server(
    project,
    'rabbitmq',
    { client: rabbitmqPort, node: rabbitmqNodePort },
    {
      after: ['epmd'],
      start: async () => (await startRabbitmq(given)).proc,
      ready: () => accepts(rabbitmqPort),
    },
  )
}
