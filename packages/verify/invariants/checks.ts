import { manifests } from '@sidecart/platform/config/manifests.ts'
import type { Check } from './check.ts'
import { answerChecks } from './checks/answers.ts'
import { eventChecks } from './checks/events.ts'
import { moneyChecks } from './checks/money.ts'
import { orderChecks } from './checks/orders.ts'
import { stockChecks } from './checks/stock.ts'
import type { Snapshot } from './snapshot.ts'

/** Without those about a service that was removed. */
export const checks: readonly Check[] = [
  ...orderChecks,
  ...moneyChecks,
  ...stockChecks,
  ...eventChecks,
  ...answerChecks,
].filter(({ about }) => about === undefined || manifests.some(({ name }) => name === about))

export type Result = { name: string; ok: boolean; detail: string; violations: string[] }

/**
 * Runs every check on a snapshot in memory. `detail` holds the equation, or the first `shown`
 * findings.
 */
export const runChecks = (world: Snapshot, shown = 5): Result[] =>
  checks.map((check) => {
    const kept = check.violations(world)
    return toResult(check, { kept, count: kept.length }, shown)
  })

export type Findings = { kept: string[]; count: number }

export function toResult({ name, means }: Check, { kept, count }: Findings, shown: number): Result {
  if (count === 0) return { name, ok: true, detail: means, violations: [] }
  const more = count > shown ? ` … and ${count - shown} more` : ''
  return { name, ok: false, detail: `${kept.slice(0, shown).join('; ')}${more}`, violations: kept }
}
