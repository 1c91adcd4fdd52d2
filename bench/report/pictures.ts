import { curve } from '../latency.ts'
import type { Block, Step } from '../results.ts'
import { stepsOf } from '../summary.ts'
import { bars, lines } from './plot.ts'

type Grouped = ReadonlyMap<string, readonly Block[]>

const parts = [
  'services',
  'sidecars',
  'Dapr’s control plane',
  'database',
  'broker',
  'provider and mail',
] as const

/** Returns the part of the system a program belongs to. */
export function partOf(program: string): (typeof parts)[number] {
  if (/-sidecar(-\d+)?$/.test(program) || /-\d+-sidecar$/.test(program)) return 'sidecars'
  if (['sentry', 'scheduler'].includes(program)) return 'Dapr’s control plane'
  if (program === 'postgres') return 'database'
  if (program === 'nats') return 'broker'
  return ['provider', 'mail'].includes(program) ? 'provider and mail' : 'services'
}

/** Sums by part, in one order for all contenders. */
export function byPart(numbers: Record<string, number>): { name: string; size: number }[] {
  return parts.map((name) => ({
    name,
    size: Object.entries(numbers)
      .filter(([program]) => partOf(program) === name)
      .reduce((sum, [, size]) => sum + size, 0),
  }))
}

export const cpuPicture = (grouped: Grouped): string =>
  bars(
    'CPU of all processes per completed order, at the same rate for all',
    'ms',
    [...grouped].map(([name, blocks]) => {
      const steps = stepsOf(blocks, 'equal')
      const completed = steps.reduce((sum, step) => sum + step.completed, 0)
      const cpu = steps.map(({ cpuMs }) => byPart(cpuMs))
      return { name, parts: summed(cpu, 1 / Math.max(1, completed)) }
    }),
  )

export const memoryPicture = (grouped: Grouped): string =>
  bars(
    'Memory with nothing to do (PSS: shared pages count once)',
    'MB',
    [...grouped].map(([name, blocks]) => ({
      name,
      parts: summed(
        blocks.map(({ idlePssMb }) => byPart(idlePssMb)),
        1 / blocks.length,
      ),
    })),
  )

function summed(
  all: readonly { name: string; size: number }[][],
  factor: number,
): { name: string; size: number }[] {
  return parts.map((name, index) => ({
    name,
    size: all.reduce((sum, one) => sum + (one[index]?.size ?? 0), 0) * factor,
  }))
}

/** Renders percentiles on a scale with room for the tail: by the number of nines. */
export const latencyPicture = (
  title: string,
  grouped: Grouped,
  of: (step: Step) => string,
): string =>
  lines(
    title,
    [...grouped].flatMap(([name, blocks]) => {
      const loaded = stepsOf(blocks, 'loaded')
      const steps = loaded.length > 0 ? loaded : stepsOf(blocks, 'equal')
      const points = curve(steps.map(of)).map(([p, ms]) => [nines(p), ms] as const)
      return steps.length > 0 ? [{ name, points }] : []
    }),
    [50, 90, 99, 99.9].map((p) => [nines(p), `p${p}`] as const),
  )

const nines = (percentile: number): number => -Math.log10(1 - percentile / 100)

/** Renders accept p99 by rate: every step of every block. */
export const ladderPicture = (grouped: Grouped, p99: (step: Step) => number): string => {
  const series = [...grouped].map(([name, blocks]) => ({
    name,
    points: stepsOf(blocks, 'rung')
      .map((step) => [step.rate, p99(step)] as const)
      .toSorted(([a], [b]) => a - b),
  }))
  const most = Math.max(...series.flatMap(({ points }) => points.map(([rate]) => rate)))
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const rate = Math.round((most * share) / 10) * 10
    return [rate, `${rate}/s`] as const
  })
  return lines('Accept p99 while the rate rises (orders a second, from 0)', series, ticks)
}
