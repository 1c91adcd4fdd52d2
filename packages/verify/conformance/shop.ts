import {
  asEnvironment,
  type ComponentSelection,
} from '@sidecart/platform/config/components/component-sets.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { createProgress } from '@sidecart/platform/process/terminal.ts'
import { chaos } from '../chaos/chaos.ts'
import { everywhere } from '../faults/schedule.ts'
import { failuresOf, runVitest } from '../vitest.ts'
import type { Shop } from './results.ts'

/** Identical for every set: the number of orders, and the faults with their times. */
const storm = {
  seed: 3,
  orders: 300,
  perSecond: 10,
  everySeconds: 3,
  restSeconds: 150,
  kinds: everywhere,
}

/**
 * Runs the system tests against the whole shop on these sets, started by `dapr run`; then places
 * orders under faults and runs `verify`.
 */
export async function wholeShop(project: Project, on: Shop['on']): Promise<Shop> {
  const began = performance.now()
  const tests = await runVitest(project, {
    name: `system-${on.broker}-${on.state}`,
    args: ['--project', 'system'],
    env: asEnvironment(on),
    quiet: true,
  })
  const passed = tests.files
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed')
  const { faults, recoverySeconds, violations } = await sellInTheStorm(project, on)
  return {
    on,
    date: new Date().toISOString().slice(0, 10),
    seconds: Math.round((performance.now() - began) / 1000),
    systemTests: passed.length,
    chaos: { seed: storm.seed, orders: storm.orders, faults, recoverySeconds },
    failures: [...failuresOf(tests), ...violations],
  }
}

/** Reports an error during the run as a violation too. */
async function sellInTheStorm(project: Project, choice: ComponentSelection) {
  try {
    const report = await chaos(project, { ...storm, choice }, createProgress(process.stderr))
    return { ...report, faults: report.faults.length }
  } catch (error) {
    return { faults: 0, recoverySeconds: 0, violations: [`chaos: ${(error as Error).message}`] }
  }
}
