import { portHolder } from '../process/ports.ts'
import { accepts } from '../process/start-process.ts'
import { servers } from '../servers/registry.ts'
import type { ServerPort } from '../servers/server.ts'
import { UserError } from './project.ts'

/** The usual ports of servers without a definition in `servers/`, below those of outgoing connections. */
const others = {
  postgres: 5440,
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
/** The usual ports of all servers. With `--ports-from` each has the place that it has here. */
const usualPorts = [
  ...Object.values(others),
  ...servers.flatMap(({ ports }) => Object.values(ports).map((port) => port.usual)),
]
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
  const place = usualPorts.indexOf(port)
  if (place >= 0) return from + blocks.length * room + place
  const block = blocks.findIndex((first) => port >= first && port < first + room)
  return block < 0 ? port : from + block * room + port - (blocks[block] ?? 0)
}

/** Returns true for the usual ports of servers, and for those of servers of a shop whose ports begin at `from`. */
export function isServerPort(port: number, from: number | undefined): boolean {
  if (usualPorts.includes(port)) return true
  const first = (from ?? Number.NaN) + Object.values(usual).length * room
  return port >= first && port < first + room
}

type Ports<Port extends string> = { ports: Record<Port, ServerPort> }

const mapped = <Port extends string>({ ports }: Ports<Port>, to: (port: ServerPort) => number) =>
  Object.fromEntries(
    Object.entries<ServerPort>(ports).map(([name, port]) => [name, to(port)]),
  ) as Record<Port, number>

/** Returns the ports at which clients reach a server of a component set, by their names. */
export const portsOf = <Port extends string>(server: Ports<Port>): Record<Port, number> =>
  mapped(server, ({ usual }) => movedPort(usual))

/** Returns the ports on which a server of a component set listens, by their names. */
export const listeningPorts = <Port extends string>(server: Ports<Port>): Record<Port, number> =>
  mapped(server, ({ usual, isProxied }) =>
    isProxied ? realPort(movedPort(usual)) : movedPort(usual),
  )

export const postgresPort = movedPort(others.postgres)
export const smtpPort = movedPort(others.smtp)
export const inboxPort = movedPort(others.inbox)
export const providerPort = movedPort(others.provider)
export const zipkinPort = movedPort(others.zipkin)
export const sentryPort = movedPort(others.sentry)
export const sentryHealthPort = movedPort(others.sentryHealth)
export const schedulerPorts = {
  grpc: movedPort(others.scheduler),
  health: movedPort(others.schedulerHealth),
  metrics: movedPort(others.schedulerMetrics),
  etcd: movedPort(others.schedulerEtcd),
  'etcd-peer': movedPort(others.schedulerEtcdPeer),
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
