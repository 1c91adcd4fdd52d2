import { table } from '@sidecart/platform/process/terminal.ts'
import { checklist, contenders } from './contenders.ts'
import type { Results } from './results.ts'
import type { Spread } from './statistics.ts'
import type { Figures, Summary } from './summary.ts'

const head = [
  'contender',
  'orders/s',
  'CPU ms/order',
  'accept p50/p99 ms',
  'complete p50/p99 ms',
  'idle/loaded MB',
  'ready s',
  'hops',
  'commits',
  'statements',
  'WAL kB',
  'messages',
  'CPU vs direct',
]

/**
 * Renders the table for a terminal. Contenders skipping a line of the checklist come last, with the
 * skipped lines.
 */
export function printed({ quick }: Results, { contenders: figures, ratios }: Summary): string {
  const skips = (name: string) => contenders.find((one) => one.name === name)?.skips ?? []
  const names = Object.keys(figures)
  const row = (name: string) => {
    const own = figures[name]
    return own ? [rowOf(name, own, ratios[name]?.cpuVsDirect)] : []
  }
  const whole = names.filter((name) => skips(name).length === 0)
  const partial = names.filter((name) => skips(name).length > 0)
  const lines = [table([head, ...whole.flatMap(row)])]
  if (partial.length > 0) lines.push('', 'Apart, because they skip a line of the checklist:')
  for (const name of partial)
    lines.push(table([head, ...row(name)]), ...skips(name).map((line) => `  skips: ${line}`))
  lines.push('', 'The checklist:', ...checklist.map((line) => `  ${line}`))
  if (quick) lines.push('', 'Quick: a few seconds a step. Believe the counts; the rest is rough.')
  return lines.join('\n')
}

function rowOf(name: string, own: Figures, cpu: Spread | undefined): string[] {
  const { perOrder } = own
  return [
    own.violations.length > 0 ? `${name} (VOID)` : name,
    own.ordersPerSecond.toFixed(0),
    own.cpuMsPerOrder.toFixed(2),
    `${own.acceptMs.p50.toFixed(0)}/${own.acceptMs.p99.toFixed(0)}`,
    `${own.completeMs.p50.toFixed(0)}/${own.completeMs.p99.toFixed(0)}`,
    `${own.idlePssMb}/${own.pssMb}`,
    (own.readyMs / 1000).toFixed(1),
    perOrder.hops.toFixed(1),
    perOrder.commits.toFixed(1),
    perOrder.statements.toFixed(0),
    (perOrder.walBytes / 1024).toFixed(1),
    perOrder.messages.toFixed(1),
    cpu ? `${cpu.median} (${cpu.low}–${cpu.high})` : '',
  ]
}
