import { portHolder } from '../process/ports.ts'
import { accepts } from '../process/start-process.ts'
import { UserError } from './project.ts'

export const postgresPort = 5440
export const brokerPort = 4240
export const brokerMonitorPort = 8240
export const redisPort = 6340
export const rabbitmqPort = 5640
export const rabbitmqNodePort = 25640
export const epmdPort = 4340
export const kafkaPort = 9340
export const kafkaControllerPort = 9341
export const mqttPort = 1840
export const mariadbPort = 3340
export const smtpPort = 1040
export const inboxPort = 8040
export const providerPort = 8090
export const zipkinPort = 9440

/** Returns the ports of an app and its sidecar. */
export const portsAt = (position: number) => ({
  app: 8080 + position,
  http: 3500 + position,
  grpc: 3600 + position,
  internal: 3700 + position,
  metrics: 3800 + position,
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
