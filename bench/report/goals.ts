import { percentiles } from '../latency.ts'
import type { Results } from '../results.ts'
import { type Summary, stepsOf } from '../summary.ts'

export type Goal = { means: string; measured: string; met: boolean }

/** Compares the goals for two cores with the results. Goals of absent contenders are left out. */
export function goals({ contenders, ratios }: Summary, { blocks }: Results): Goal[] {
  const { dapr } = contenders
  const shipped = blocks.filter(({ contender }) => contender === 'dapr')
  const found: (Goal | undefined)[] = [
    least('`dapr` completes ≥ 0.70 of `direct`', ratios.dapr?.ordersPerSecondVsDirect?.median, 0.7),
    least(
      '`dapr-plain` completes ≥ 0.85 of `direct`',
      ratios['dapr-plain']?.ordersPerSecondVsDirect?.median,
      0.85,
    ),
    most('`dapr`: CPU per order ≤ 1.4 × `direct`', ratios.dapr?.cpuVsDirect?.median, 1.4),
    least(
      '`dapr` completes ≥ 0.85 of `moleculer`',
      ratios.dapr?.ordersPerSecondVsMoleculer?.median,
      0.85,
    ),
    least(
      '`direct` completes more than `moleculer`',
      ratios.direct?.ordersPerSecondVsMoleculer?.median,
      1,
    ),
    most('`dapr`: accept p99 at 60 % load ≤ 40 ms', dapr?.acceptMs.p99, 40),
    most('`dapr`: completion p99 at 60 % load ≤ 400 ms', dapr?.completeMs.p99, 400),
    ...hop(shipped),
    most('`dapr`: idle memory ≤ 1400 MB', dapr?.idlePssMb, 1400),
    most('`dapr`: ready in ≤ 8 s', dapr && dapr.readyMs / 1000, 8),
    most(
      'three instances instead of one: CPU per order ≤ 1.1 ×',
      contenders['dapr-3'] && dapr && contenders['dapr-3'].cpuMsPerOrder / dapr.cpuMsPerOrder,
      1.1,
    ),
  ]
  return found.filter((goal) => goal !== undefined)
}

/**
 * Returns the cost of the two sidecars per hop: the difference between the same request with and
 * without sidecars, taken in turn.
 */
function hop(blocks: Results['blocks']): (Goal | undefined)[] {
  const steps = stepsOf(blocks, 'light')
  const of = (name: string) =>
    percentiles(steps.flatMap(({ probes }) => (probes[name] ? [probes[name]] : [])))
  if (!steps.some(({ probes }) => probes['past sidecars'])) return []
  const [through, past] = [of('through sidecars'), of('past sidecars')]
  return [
    most('sidecars add to a hop at 40 % load: p50 ≤ 1.1 ms', through.p50 - past.p50, 1.1),
    most('… and p99 ≤ 2.9 ms', through.p99 - past.p99, 2.9),
  ]
}

const least = (means: string, measured: number | undefined, limit: number): Goal | undefined =>
  measured === undefined
    ? undefined
    : { means, measured: measured.toFixed(2), met: measured >= limit }

const most = (means: string, measured: number | undefined, limit: number): Goal | undefined =>
  measured === undefined
    ? undefined
    : { means, measured: measured.toFixed(2), met: measured <= limit }
