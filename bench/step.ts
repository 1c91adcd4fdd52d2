import type { Driver } from './driver/driver.ts'
import type { Drive, Driven } from './driver/protocol.ts'
import { createLatency, percentiles } from './latency.ts'
import { difference, type Meter } from './meter.ts'
import type { Step } from './results.ts'

/** Conditions for a sustained rate. */
const limits = {
  acceptP99Ms: 250,
  /** Greatest share of failed requests. */
  failures: 0.001,
  /** Longest time to work off the backlog; a longer time means the backlog has grown. */
  drainSeconds: (seconds: number) => 0.5 + seconds / 20,
}
const patienceMs = 60_000

/** Drives at one rate, waits until all resulting work is done, and reads the meters. */
export async function runStep(
  purpose: Step['purpose'],
  { driver, meter }: { driver: Driver; meter: Meter },
  drive: Drive,
): Promise<Step> {
  const before = meter.cpuMs()
  const beganMs = Date.now()
  const driven = await driver.drive(drive)
  const lastSent = performance.now()
  const rested = await meter.atRest(patienceMs)
  const drainSeconds = (performance.now() - lastSent) / 1000
  const cpuMs = difference(meter.cpuMs(), before)
  const confirmed = await meter.database.confirmations(beganMs)
  const { complete, completed } = completions(driven, confirmed)
  const why = fault({ driven, completed, drainSeconds, rested })
  return {
    purpose,
    rate: drive.ordersPerSecond,
    seconds: drive.seconds,
    attempted: driven.attempted,
    accepted: driven.accepted.length,
    completed,
    failures: driven.failures,
    drainSeconds,
    ordersPerSecond: completed / (drive.seconds + drainSeconds),
    kept: why === undefined,
    ...(why && { why }),
    cpuMs,
    accept: driven.accept,
    complete,
    browse: driven.browse,
    probes: driven.probes,
    driver: { lateMs: driven.lateMs, cpuMs: driven.driverCpuMs },
  }
}

function completions({ accepted }: Driven, confirmed: ReadonlyMap<string, number>) {
  const latency = createLatency()
  let completed = 0
  for (const [orderId, intendedMs] of accepted) {
    const at = confirmed.get(orderId)
    if (at === undefined) continue
    completed += 1
    latency.record(at - intendedMs)
  }
  return { completed, complete: latency.encoded() }
}

type Outcome = { driven: Driven; completed: number; drainSeconds: number; rested: boolean }

function fault({ driven, completed, drainSeconds, rested }: Outcome): string | undefined {
  const { accepted, failures, accept, attempted, seconds } = driven
  const failed = Object.values(failures).reduce((sum, n) => sum + n, 0)
  const { p99 } = percentiles([accept])
  if (!rested) return `did not come to rest within ${patienceMs / 1000} s`
  if (failed > attempted * limits.failures) return `failures: ${JSON.stringify(failures)}`
  if (completed < accepted.length) return `${accepted.length - completed} were not confirmed`
  if (p99 > limits.acceptP99Ms) return `accept p99 ${Math.round(p99)} ms`
  if (drainSeconds > limits.drainSeconds(seconds)) return `backlog of ${drainSeconds.toFixed(1)} s`
  return undefined
}
