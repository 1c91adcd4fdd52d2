import { randomUUID } from 'node:crypto'
import { openHttpClient } from '@sidecart/client/http-client.ts'
import type { AppConfig } from '@sidecart/platform/config/dapr-yaml.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import type { NetworkProxies } from '@sidecart/platform/supervisor/network/network-proxies.ts'
import { readState } from '@sidecart/platform/supervisor/state-file.ts'
import { gateway } from '@sidecart/platform/supervisor/welcome.ts'
import { createInjector } from '@sidecart/verify/faults/inject.ts'
import type { Fault } from '@sidecart/verify/faults/schedule.ts'
import type { ActiveFault, Deed, FaultKind, Faults } from './contract.ts'

type Active = ActiveFault & { lift(): Promise<void> }

/** The provider's limit, far above the declines anyone waits for. */
const allRequests = 10_000

const asChaos: Record<Deed, Pick<Fault, 'kind' | 'does' | 'size'>> = {
  kill: { kind: 'kill', does: 'kill', size: 0 },
  stop: { kind: 'kill', does: 'stop', size: 0 },
  slow: { kind: 'network', does: 'delay', size: 0 },
  cut: { kind: 'network', does: 'cut', size: 0 },
  decline: { kind: 'provider', does: 'decline', size: allRequests },
  away: { kind: 'provider', does: 'away', size: allRequests },
}

/**
 * Injects and ends faults for the console with the functions of `sidecart chaos`. Network faults need proxies
 * (`--chaos`).
 */
export function createFaults(
  project: Project,
  appConfigs: readonly AppConfig[],
  links: NetworkProxies | undefined,
) {
  const active = new Map<string, Active>()
  const inject = links && createInjector(project, { gateway: openHttpClient(gateway), links })

  function kinds(): FaultKind[] {
    if (!links) return []
    const processes = appConfigs.flatMap(({ name }) => [name, `${name}-sidecar`])
    const servers = (readState(project)?.processes ?? [])
      .filter(({ role }) => role === 'backing')
      .map(({ name }) => name)
    return [
      { does: 'kill', means: 'Kill a process', targets: [...processes, ...servers], lasts: false },
      {
        does: 'stop',
        means: 'Stop a server or a service',
        targets: [...servers, ...appConfigs.map(({ name }) => name)],
        lasts: true,
      },
      { does: 'slow', means: 'Slow a link by 200 ms', targets: [...links.keys()], lasts: true },
      { does: 'cut', means: 'Cut a link', targets: [...links.keys()], lasts: true },
      { does: 'decline', means: 'Decline every card', targets: ['provider'], lasts: true },
      { does: 'away', means: 'Take the payment provider away', targets: ['provider'], lasts: true },
    ]
  }

  function report(): Faults {
    const shown = [...active.values()].map(({ lift: _, ...fault }) => fault)
    return { allowed: links !== undefined, kinds: kinds(), active: shown }
  }

  /** @throws UserError when there is no such fault, it is there already, or it cannot be made */
  async function make(does: Deed, target: string, orderedBy?: string): Promise<Faults> {
    if (!inject) throw new UserError('Start the shop with --chaos to break it on purpose.')
    const kind = kinds().find((one) => one.does === does)
    if (!kind?.targets.includes(target))
      throw new UserError(`Nothing called ${target} can be hit by ${does}.`)
    const same = [...active.values()].find((one) => one.does === does && one.target === target)
    if (same) throw new UserError(`${target} is hit by ${does} already.`)
    const lift = await inject({ atSeconds: 0, target, ...asChaos[does] })
    if (lift) {
      const id = randomUUID()
      const since = new Date().toISOString()
      active.set(id, { id, does, target, since, ...(orderedBy && { orderedBy }), lift })
    }
    return report()
  }

  /** @throws UserError when the fault is not active */
  async function lift(id: string): Promise<Faults> {
    const fault = active.get(id)
    if (!fault) throw new UserError('That fault is over.')
    active.delete(id)
    await fault.lift()
    return report()
  }

  return { report, make, lift }
}
