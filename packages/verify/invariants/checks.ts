import type { Check } from './check.ts'
import { answerChecks } from './checks/answers.ts'
import { factChecks } from './checks/facts.ts'
import { moneyChecks } from './checks/money.ts'
import { orderChecks } from './checks/orders.ts'
import { stockChecks } from './checks/stock.ts'
import type { World } from './world.ts'

export const checks: readonly Check[] = [
  ...orderChecks,
  ...moneyChecks,
  ...stockChecks,
  ...factChecks,
  ...answerChecks,
]

export type Result = { name: string; ok: boolean; detail: string; violations: string[] }

/** Runs every check on a shop that fits into memory; `detail` says what holds, or the first findings. */
export const runChecks = (world: World, shown = 5): Result[] =>
  checks.map((check) => {
    const kept = check.violations(world)
    return toResult(check, { kept, count: kept.length }, shown)
  })

export type Findings = { kept: string[]; count: number }

export function toResult({ name, says }: Check, { kept, count }: Findings, shown: number): Result {
  if (count === 0) return { name, ok: true, detail: says, violations: [] }
  const more = count > shown ? ` … and ${count - shown} more` : ''
  return { name, ok: false, detail: `${kept.slice(0, shown).join('; ')}${more}`, violations: kept }
}
