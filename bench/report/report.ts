import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checklist, contenders } from '../contenders.ts'
import { percentiles } from '../latency.ts'
import { total } from '../meter.ts'
import type { Block, Results } from '../results.ts'
import { median, type Spread } from '../statistics.ts'
import { type Figures, type Summary, stepsOf, summarise } from '../summary.ts'
import { goals } from './goals.ts'
import { byPart, cpuPicture, ladderPicture, latencyPicture, memoryPicture } from './pictures.ts'

/** Writes docs/performance.md and its pictures from the raw data. Returns the path. */
export function writeReport(root: string, results: Results): string {
  const grouped = Map.groupBy(results.blocks, ({ contender }) => contender)
  const p99 = (encoded: string) => percentiles([encoded]).p99
  const pictures = {
    'benchmark-cpu.svg': cpuPicture(grouped),
    'benchmark-memory.svg': memoryPicture(grouped),
    'benchmark-accept.svg': latencyPicture(
      'From sending an order until it is accepted',
      grouped,
      ({ accept }) => accept,
    ),
    'benchmark-complete.svg': latencyPicture(
      'From sending an order until it is confirmed',
      grouped,
      ({ complete }) => complete,
    ),
    'benchmark-ladder.svg': ladderPicture(grouped, ({ accept }) => p99(accept)),
  }
  for (const [name, picture] of Object.entries(pictures))
    writeFileSync(join(root, 'docs', 'images', name), picture)
  const file = join(root, 'docs', 'performance.md')
  writeFileSync(file, documentOf(results, summarise(results), grouped))
  return file
}

function documentOf(
  results: Results,
  summary: Summary,
  grouped: ReadonlyMap<string, readonly Block[]>,
): string {
  const names = Object.keys(summary.contenders)
  const skipping = (name: string) => contenders.find((one) => one.name === name)?.skips ?? []
  const whole = names.filter((name) => skipping(name).length === 0)
  const apart = names.filter((name) => skipping(name).length > 0)
  const figures = (some: readonly string[]) =>
    some.flatMap((name) => {
      const own = summary.contenders[name]
      return own ? [figuresRow(name, own, summary.ratios[name])] : []
    })
  return `# What it costs

Generated from [the raw data](../bench/results/) by \`npm run bench -- --report\`; how it is measured is in [bench/README.md](../bench/README.md).${results.quick ? '\n\n**A quick run: a few seconds a step. Believe the counts only.**' : ''}

${markdown(
  ['', 'what it is'],
  names.map((name) => [`\`${name}\``, contenders.find((one) => one.name === name)?.title ?? '']),
)}

![CPU per order](images/benchmark-cpu.svg)

${markdown(['', 'sustainable orders/s', 'CPU ms/order', 'accept p50 / p99 ms', 'complete p50 / p99 ms', 'orders/s vs direct', 'CPU vs direct', 'orders/s vs Moleculer'], figures(whole))}
${apart.length > 0 ? `\nApart, because they skip a line of the checklist below:\n\n${markdown(['', 'orders/s', 'CPU ms/order', 'accept', 'complete', 'vs direct', 'CPU vs direct', 'vs Moleculer'], figures(apart))}\n` : ''}
CPU is that of every process, database and broker included, at the same rate for all contenders. Latencies are at 60 % of the contender's own sustainable rate, from the moment at which the request should have been sent. Ratios are medians over all pairs of blocks, with the lowest and the highest.

## Against what was aimed for

${markdown(
  ['goal', 'measured', ''],
  goals(summary, results).map(({ means, measured, met }) => [means, measured, met ? '✓' : '✗']),
)}

## What an order takes, on any machine

${markdown(['', 'hops', 'database commits', 'statements', 'WAL kB', 'events published', 'events received'], [...grouped].map(countsRow))}

A hop is a message from one process to another for a call or an event, answers not counted: a call through two sidecars is three, a direct one is one, one over NATS is two. A commit is a transaction that wrote, so waits for the disk. From orders that were placed one at a time; under load relays batch, and it gets less.

Budgets without a clock, in tests that fail when one is exceeded: calls, hops, events, commits and statements of an order on the running shop (\`tests/system/costs.test.ts\`), and the messages to the database and statements of each step in its service (\`databaseTraffic\`):

| step | messages | statements |
| --- | --- | --- |
| a product is read | 1 | 1 |
| an order is placed; its stock is recorded; its charge is recorded | 1 each | 3; 2; 3 |
| a reservation | 1 | 1 |
| a charge, before and after the call of the provider | 2 | 4 |
| a sale is booked when its event comes | 2 | 4 |
| a mail is decided on; an event of a payment is recorded | 1 each | 2 each |
| an event is published by the process that emitted it | 0 | 1, with a later commit |

## Where the CPU goes

${markdown(['ms per order', 'services', 'sidecars', 'Dapr’s control plane', 'database', 'broker', 'provider and mail'], [...grouped].map(partsRow))}

Whose code that is, from profiles under a steady load (\`npm run bench:profile\`; callers above what they call, as wide as the time). What the limits are made of, and what was done about them: [ADR 14](adr/0014-take-what-sidecars-cost-for-a-price.md), and [ADR 44](adr/0044-give-programs-coarse-timers.md) since then.

![Services](images/profile-services.svg)
![Sidecars](images/profile-sidecars.svg)

## Memory and start

![Memory](images/benchmark-memory.svg)

${markdown(['', 'idle MB', 'after the load MB', 'ready s', 'CPU with nothing to do'], [...grouped].map(memoryRow))}

Ready from nothing: databases are created and migrated, streams made. Memory is PSS, in which a page that n processes share counts one n-th in each.

## Latency

![Until accepted](images/benchmark-accept.svg)
![Until confirmed](images/benchmark-complete.svg)
![Accept p99 by rate](images/benchmark-ladder.svg)

## The checklist

${checklist.map((line) => `- ${line}`).join('\n')}

Every block ended with \`sidecart verify\`; what it found: ${violationsOf(results)}.${results.failed.length > 0 ? ` Came to no end: ${results.failed.join('; ')}.` : ''}

## Machine, versions, command

${markdown(
  ['', ''],
  [
    ...Object.entries(results.machine),
    ...Object.entries(results.versions),
    ['commit', results.commit.slice(0, 12)],
    ['command', `\`${results.command}\``],
    ['blocks', results.blocks.map(({ contender }) => contender).join(' ')],
  ].map(([name, value]) => [String(name), String(value)]),
)}

The driver runs on the same machine and takes its share of the processors from every contender alike; its CPU is not counted.
`
}

function figuresRow(name: string, own: Figures, ratios: Summary['ratios'][string] = {}): string[] {
  return [
    own.violations.length > 0 ? `\`${name}\` (void)` : `\`${name}\``,
    own.ordersPerSecond.toFixed(0),
    own.cpuMsPerOrder.toFixed(1),
    `${own.acceptMs.p50.toFixed(0)} / ${own.acceptMs.p99.toFixed(0)}`,
    `${own.completeMs.p50.toFixed(0)} / ${own.completeMs.p99.toFixed(0)}`,
    shown(ratios.ordersPerSecondVsDirect),
    shown(ratios.cpuVsDirect),
    shown(ratios.ordersPerSecondVsMoleculer),
  ]
}

const shown = (spread: Spread | undefined): string =>
  spread ? `${spread.median.toFixed(2)} (${spread.low.toFixed(2)}–${spread.high.toFixed(2)})` : ''

const middle = (blocks: readonly Block[], of: (block: Block) => number, digits = 1): string =>
  median(blocks.map(of)).toFixed(digits)

const countsRow = ([name, blocks]: [string, readonly Block[]]): string[] => [
  `\`${name}\``,
  middle(blocks, ({ perOrder }) => perOrder.hops),
  middle(blocks, ({ perOrder }) => perOrder.commits),
  middle(blocks, ({ perOrder }) => perOrder.statements, 0),
  middle(blocks, ({ perOrder }) => perOrder.walBytes / 1024),
  middle(blocks, ({ perOrder }) => perOrder.published),
  middle(blocks, ({ perOrder }) => perOrder.received),
]

function partsRow([name, blocks]: [string, readonly Block[]]): string[] {
  const steps = stepsOf(blocks, 'equal')
  const completed = steps.reduce((sum, step) => sum + step.completed, 0)
  const sums = byPart({}).map((_, index) =>
    steps.reduce((sum, { cpuMs }) => sum + (byPart(cpuMs)[index]?.size ?? 0), 0),
  )
  return [`\`${name}\``, ...sums.map((sum) => (sum / Math.max(1, completed)).toFixed(1))]
}

const memoryRow = ([name, blocks]: [string, readonly Block[]]): string[] => [
  `\`${name}\``,
  middle(blocks, ({ idlePssMb }) => total(idlePssMb), 0),
  middle(blocks, ({ pssMb }) => total(pssMb), 0),
  middle(blocks, ({ readyMs }) => readyMs / 1000),
  `${middle(blocks, ({ idleCpuMs }) => total(idleCpuMs) / 10)} % of a core`,
]

const violationsOf = ({ blocks }: Results): string => {
  const found = blocks.flatMap(({ contender, violations }) =>
    violations.map((violation) => `${contender}: ${violation}`),
  )
  return found.length === 0 ? 'nothing' : found.join('; ')
}

const markdown = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
