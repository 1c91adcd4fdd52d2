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

/** Runs every check; `detail` says what holds, or the first findings. */
export function runChecks(world: World, shown = 5): Result[] {
  return checks.map(({ name, says, violations }) => {
    const found = violations(world)
    if (found.length === 0) return { name, ok: true, detail: says, violations: [] }
    const more = found.length > shown ? ` … and ${found.length - shown} more` : ''
    const detail = `${found.slice(0, shown).join('; ')}${more}`
    return { name, ok: false, detail, violations: found }
  })
}
