import { portHolder } from '../process/ports.ts'
import { accepts } from '../process/start-process.ts'
import { UserError } from './project.ts'

/** The usual ports of servers, below those of outgoing connections. With `--ports-from` each has the place of its line. */
const servers = {
  postgres: 5440,
  broker: 4240,
  brokerMonitor: 8240,
  redis: 6340,
  rabbitmq: 5640,
  rabbitmqNode: 25640,
  epmd: 4340,
  kafka: 9340,
  kafkaController: 9341,
  mqtt: 1840,
  mariadb: 3340,
  smtp: 1040,
  inbox: 8040,
  provider: 8090,
  zipkin: 9440,
  sentry: 3900,
  sentryHealth: 3901,
  scheduler: 3910,
  schedulerHealth: 3911,
  schedulerMetrics: 3912,
  schedulerEtcd: 3913,
  schedulerEtcdPeer: 3914,
}
/** The first ports of apps, and of their sidecars: HTTP, gRPC, internal, metrics. */
const usual = { app: 8080, http: 3500, grpc: 3600, internal: 3700, metrics: 3800 }
/** Ports for each of these five, and for the servers behind them. */
const room = 100

/** The first port of a shop beside another one, set by `--ports-from`; all its ports are in the thousand from there. */
export const portsFrom: number | undefined =
  Number(process.env.SIDECART_PORTS_FROM || 0) || undefined

/** Returns the port that this shop uses in place of a usual one. A port that is none of the usual ones stays. */
export function movedPort(port: number, from = portsFrom): number {
  if (from === undefined) return port
  const blocks = Object.values(usual)
  const place = Object.values(servers).indexOf(port)
  if (place >= 0) return from + blocks.length * room + place
  const block = blocks.findIndex((first) => port >= first && port < first + room)
  return block < 0 ? port : from + block * room + port - (blocks[block] ?? 0)
}

/** Returns the usual port of a server that listens on `port` in this shop. */
export const usualPort = (port: number): number =>
  Object.values(servers).find((one) => movedPort(one) === port) ?? port

export const postgresPort = movedPort(servers.postgres)
export const brokerPort = movedPort(servers.broker)
export const brokerMonitorPort = movedPort(servers.brokerMonitor)
export const redisPort = movedPort(servers.redis)
export const rabbitmqPort = movedPort(servers.rabbitmq)
export const rabbitmqNodePort = movedPort(servers.rabbitmqNode)
export const epmdPort = movedPort(servers.epmd)
export const kafkaPort = movedPort(servers.kafka)
export const kafkaControllerPort = movedPort(servers.kafkaController)
export const mqttPort = movedPort(servers.mqtt)
export const mariadbPort = movedPort(servers.mariadb)
export const smtpPort = movedPort(servers.smtp)
export const inboxPort = movedPort(servers.inbox)
export const providerPort = movedPort(servers.provider)
export const zipkinPort = movedPort(servers.zipkin)
export const sentryPort = movedPort(servers.sentry)
export const sentryHealthPort = movedPort(servers.sentryHealth)
export const schedulerPorts = {
  grpc: movedPort(servers.scheduler),
  health: movedPort(servers.schedulerHealth),
  metrics: movedPort(servers.schedulerMetrics),
  etcd: movedPort(servers.schedulerEtcd),
  'etcd-peer': movedPort(servers.schedulerEtcdPeer),
}
/** Addresses for sidecars. */
export const sentryAddress = `localhost:${sentryPort}`
export const schedulerAddress = `127.0.0.1:${schedulerPorts.grpc}`
/** The gateway's port. */
export const shopPort = movedPort(usual.app)

/** Returns the usual ports of an app and its sidecar, as in dapr.yaml. */
export const portsAt = (position: number) => ({
  app: usual.app + position,
  http: usual.http + position,
  grpc: usual.grpc + position,
  internal: usual.internal + position,
  metrics: usual.metrics + position,
})

/** Set by `sidecart chaos` while proxies stand between servers and clients. */
export const linked = 'SIDECART_LINKED'
const behind = 10_000

/** Returns the actual port of a server that clients reach at `port`. */
export const realPort = (port: number): number => (process.env[linked] ? port + behind : port)

type Wanted = readonly { name: string; ports: Record<string, number> }[]

/** @throws UserError naming each taken port, the process that needs the port, and the process that holds the port */
export async function assertPortsFree(wanted: Wanted): Promise<void> {
  const taken = await portHolders(wanted)
  if (taken.length > 0)
    throw new UserError(
      `these ports are taken:\n${taken.join('\n')}\nStop what holds them, then try again.`,
    )
}

/** Returns a line for each unit with taken ports: the ports and their holder. */
export async function portHolders(wanted: Wanted): Promise<string[]> {
  const lines = await Promise.all(
    wanted.map(async ({ name, ports }) => {
      const numbers = Object.values(ports)
      const answered = await Promise.all(numbers.map((port) => accepts(port)))
      const taken = numbers.filter((_, index) => answered[index])
      return taken[0] === undefined
        ? undefined
        : `  ${name} needs ${taken.join(', ')}: ${await holder(taken[0])}`
    }),
  )
  return lines.filter((line) => line !== undefined)
}

async function holder(port: number): Promise<string> {
  const found = await portHolder(port)
  if (!found) return 'let go a moment ago'
  const { pid, command } = found
  return pid === undefined ? command : `held by pid ${pid}, ${command.slice(0, 100)}`
}
