import type { HttpClient } from '@sidecart/client/http-client.ts'
import { listeningPorts } from '@sidecart/platform/config/ports.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { nats, natsLogin } from '@sidecart/platform/servers/nats.ts'
import type { Link, NetworkProxies } from '@sidecart/platform/supervisor/network/network-proxies.ts'
import { sendCommand } from '@sidecart/platform/supervisor/supervisor-client.ts'
import { republishEvents } from './broker.ts'
import { burst } from './burst.ts'
import { lockRows, terminateBackends } from './database.ts'
import { orderFaults } from './provider.ts'
import type { Fault } from './schedule.ts'

/** Ends a lasting fault. */
type Lift = () => Promise<void>

export type Injector = (fault: Fault) => Promise<Lift | undefined>

/** Requests a second, above the capacity of the shop. */
const overloadPerSecond = 600

/**
 * Injects faults into the local shop. `repeat` republishes only events published after this call.
 * @throws Error when a fault cannot be injected, e.g. because the target is already down
 */
export function createInjector(
  project: Project,
  { gateway, links }: { gateway: HttpClient; links: NetworkProxies },
): Injector {
  const secrets = readSecrets(project)
  const since = new Date()
  const signal = (name: string, sent: NodeJS.Signals) =>
    sendCommand(project, { do: 'kill', name, signal: sent })

  function linkTo(target: string): Link {
    const link = links.get(target)
    if (link) return link
    throw new Error(`there is no link to ${target}`)
  }

  return async ({ does, target, size }) => {
    switch (does) {
      case 'kill':
        await signal(target, 'SIGKILL')
        return undefined
      case 'stop':
        await signal(target, 'SIGKILL')
        await sendCommand(project, { do: 'stop', names: [target] })
        return () => sendCommand(project, { do: 'start', names: [target] })
      case 'freeze':
        await signal(target, 'SIGSTOP')
        return () => signal(target, 'SIGCONT')
      case 'terminate':
        await terminateBackends(secrets, target)
        return undefined
      case 'lock':
        return lockRows(secrets, target)
      case 'silent':
      case 'broken':
      case 'away':
      case 'twice':
      case 'decline':
        await orderFaults(secrets, does, size)
        return () => orderFaults(secrets, does, 0)
      case 'repeat':
        await republishEvents(natsLogin(secrets, listeningPorts(nats).client), {
          since,
          count: size,
        })
        return undefined
      case 'burst':
        await burst(gateway, overloadPerSecond, size)
        return undefined
      case 'delay':
      case 'cut':
      case 'reset':
        return disturb(linkTo(target), does)
    }
  }
}

const delayMs = 200

function disturb(link: Link, does: 'delay' | 'cut' | 'reset'): Lift | undefined {
  if (does === 'reset') link.reset()
  else if (does === 'cut') link.cut()
  else link.delay(delayMs)
  return does === 'reset' ? undefined : async () => link.heal()
}
