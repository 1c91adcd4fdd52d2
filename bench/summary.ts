import { percentiles } from './latency.ts'
import { total } from './meter.ts'
import type { Block, Results, Step } from './results.ts'
import { median, type Spread, spreadOf } from './statistics.ts'

/** Figures of a contender over all its blocks. */
export type Figures = {
  /** Completed orders a second at the highest sustained rate. */
  ordersPerSecond: number
  /** CPU of all processes at the rate equal for all contenders. */
  cpuMsPerOrder: number
  /** At the equal rate; in a thorough run at 60 % of the contender's own sustainable rate. */
  acceptMs: { p50: number; p99: number }
  completeMs: { p50: number; p99: number }
  /** PSS in MB: `pssMb` after the load, `idlePssMb` before the load. */
  pssMb: number
  idlePssMb: number
  readyMs: number
  perOrder: {
    hops: number
    commits: number
    statements: number
    walBytes: number
    messages: number
  }
  /** Violations found by `verify`; any violation voids all figures. */
  violations: string[]
}

export type Ratios = {
  ordersPerSecondVsDirect: Spread
  cpuVsDirect: Spread
  ordersPerSecondVsMoleculer?: Spread
  cpuVsMoleculer?: Spread
}

export type Summary = {
  contenders: Record<string, Figures>
  ratios: Record<string, Partial<Ratios>>
}

export function summarise({ blocks }: Results): Summary {
  const grouped = Map.groupBy(blocks, ({ contender }) => contender)
  const contenders: Summary['contenders'] = {}
  const ratios: Summary['ratios'] = {}
  for (const [name, own] of grouped) {
    contenders[name] = figuresOf(own)
    ratios[name] = {
      ...against(own, grouped.get('direct'), 'Direct'),
      ...against(own, grouped.get('moleculer'), 'Moleculer'),
    }
  }
  return { contenders, ratios }
}

export const stepsOf = (blocks: readonly Block[], purpose: Step['purpose']): Step[] =>
  blocks.flatMap(({ steps }) => steps.filter((step) => step.purpose === purpose))

/** Completed orders a second at the highest sustained rate. */
export const sustainable = ({ steps }: Pick<Block, 'steps'>): number =>
  Math.max(
    0,
    ...steps
      .filter(({ purpose, kept }) => kept && purpose === 'rung')
      .map(({ ordersPerSecond }) => ordersPerSecond),
  )

export const cpuPerOrder = ({ cpuMs, completed }: Step): number =>
  total(cpuMs) / Math.max(1, completed)

const cpuOf = (block: Block): number => median(stepsOf([block], 'equal').map(cpuPerOrder))

function figuresOf(blocks: readonly Block[]): Figures {
  const loaded = stepsOf(blocks, 'loaded')
  const steady = loaded.length > 0 ? loaded : stepsOf(blocks, 'equal')
  const of = (number: (block: Block) => number, digits = 2) =>
    round(median(blocks.map(number)), digits)
  return {
    ordersPerSecond: of(sustainable, 1),
    cpuMsPerOrder: of(cpuOf),
    acceptMs: middleAndTail(steady.map(({ accept }) => accept)),
    completeMs: middleAndTail(steady.map(({ complete }) => complete)),
    pssMb: of(({ pssMb }) => total(pssMb), 0),
    idlePssMb: of(({ idlePssMb }) => total(idlePssMb), 0),
    readyMs: of(({ readyMs }) => readyMs, 0),
    perOrder: {
      hops: of(({ perOrder }) => perOrder.hops, 1),
      commits: of(({ perOrder }) => perOrder.commits, 1),
      statements: of(({ perOrder }) => perOrder.statements, 1),
      walBytes: of(({ perOrder }) => perOrder.walBytes, 0),
      messages: of(({ perOrder }) => perOrder.messages, 1),
    },
    violations: blocks.flatMap(({ violations }) => violations),
  }
}

function middleAndTail(encoded: readonly string[]): { p50: number; p99: number } {
  const { p50, p99 } = percentiles(encoded)
  return { p50, p99 }
}

/** Every pair of blocks makes a ratio. */
function against(
  own: readonly Block[],
  others: readonly Block[] | undefined,
  name: 'Direct' | 'Moleculer',
): Partial<Ratios> {
  if (!others) return {}
  const pairs = (number: (block: Block) => number) =>
    spreadOf(own.flatMap((one) => others.map((other) => number(one) / number(other))))
  return {
    [`ordersPerSecondVs${name}`]: pairs(sustainable),
    [`cpuVs${name}`]: pairs(cpuOf),
  }
}

const round = (number: number, digits: number) => Number(number.toFixed(digits))
