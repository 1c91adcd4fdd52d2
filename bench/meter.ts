import type { Project } from '@sidecart/platform/config/project.ts'
import type { Secrets } from '@sidecart/platform/config/secrets.ts'
import { until } from '@sidecart/platform/process/spawn.ts'
import { procOf, readState } from '@sidecart/platform/supervisor/state-file.ts'
import { type BrokerCounts, brokerCounts } from './measure/broker.ts'
import { type DatabaseMeter, openDatabaseMeter } from './measure/database.ts'
import { cpuMs, pssMb } from './measure/processes.ts'

/** Reads resource usage and counters of a running contender. */
export type Meter = {
  cpuMs(): Record<string, number>
  pssMb(): Record<string, number>
  database: DatabaseMeter
  broker(): Promise<BrokerCounts>
  /**
   * Resolves with `true` when no order is in progress and no event is unpublished or undelivered,
   * with `false` after the time-out.
   */
  atRest(timeoutMs: number): Promise<boolean>
  close(): Promise<void>
}

const lookEveryMs = 25

export async function openMeter(project: Project, secrets: Secrets): Promise<Meter> {
  const database = await openDatabaseMeter(secrets)
  const pids: Record<string, number> = {}
  for (const record of readState(project)?.processes ?? []) {
    const proc = procOf(record)
    if (proc) pids[record.name] = proc.pid
  }

  const idle = async () => (await database.backlog()) === 0 && (await brokerCounts()).waiting === 0

  return {
    cpuMs: () => cpuMs(pids),
    pssMb: () => pssMb(pids),
    database,
    broker: brokerCounts,
    atRest: (timeoutMs) =>
      until(idle, { timeoutMs, everyMs: lookEveryMs, what: 'the shop to come to rest' }).catch(
        () => false,
      ),
    close: database.close,
  }
}

/** Returns the differences between two readings. */
export function difference<T extends Record<string, number>>(after: T, before: T): T {
  const entries = Object.entries(after).map(([name, n]) => [name, n - (before[name] ?? 0)])
  return Object.fromEntries(entries) as T
}

export const total = (numbers: Record<string, number>): number =>
  Object.values(numbers).reduce((sum, n) => sum + n, 0)
