import { portHolder } from '../runtime/ports.ts'
import { accepts } from '../runtime/started.ts'
import { Advice } from './project.ts'

export const postgresPort = 5440
export const brokerPort = 4240
export const brokerMonitorPort = 8240
export const smtpPort = 1040
export const inboxPort = 8040
export const providerPort = 8090

type Wanted = readonly { name: string; ports: Record<string, number> }[]

/** @throws Advice naming each taken port, who wants it, and who holds it */
export async function assertPortsFree(wanted: Wanted): Promise<void> {
  const taken = await portHolders(wanted)
  if (taken.length > 0)
    throw new Advice(
      `these ports are taken:\n${taken.join('\n')}\nStop what holds them, then try again.`,
    )
}

/** A line for each of the ports that somebody listens on: who wants it, and who holds it. */
export async function portHolders(wanted: Wanted): Promise<string[]> {
  const lines = wanted.flatMap(({ name, ports }) =>
    Object.values(ports).map(async (port) =>
      (await accepts(port)) ? `  ${port} (${name}): ${await holder(port)}` : '',
    ),
  )
  return (await Promise.all(lines)).filter(Boolean)
}

async function holder(port: number): Promise<string> {
  const found = await portHolder(port)
  if (!found) return 'let go a moment ago'
  const { pid, command } = found
  return pid === undefined ? command : `pid ${pid}, ${command.slice(0, 120)}`
}
