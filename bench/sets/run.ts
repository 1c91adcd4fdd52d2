import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { until } from '@sidecart/platform/process/spawn.ts'
import { raiseLimits } from '@sidecart/platform/supervisor/lift-limits.ts'
import { prepareStack } from '@sidecart/platform/supervisor/prepare-stack.ts'
import type { Step } from '../results.ts'
import { runStep } from '../step.ts'
import { climb, type Opened, opened, staged, violationsAt } from '../trial.ts'
import { openConsumerLag } from './consumer-lag.ts'

export type Sets = { broker: string; state: string }

/** One run of the shop on one broker and one store, from fresh data to `verify`. */
export type SetBlock = Sets & {
  at: string
  readyMs: number
  steps: Step[]
  /** Violations found by `verify`; any violation voids the block. */
  violations: string[]
}

const pace = {
  warmUp: { ordersPerSecond: 30, seconds: 10 },
  rung: { seconds: 4, most: 4, refine: 1 },
  equalSeconds: 8,
}

/** Runs start, warm-up, rate search, a load at `equalRate(sustainable)`, and `verify`. */
export const runSet = (sets: Sets, equalRate: (sustainable: number) => number): Promise<SetBlock> =>
  opened(
    async (project) => {
      // The sidecars read secrets from the environment, because the data folder is not the shop's.
      raiseLimits()
      const { servers, fleet } = await prepareStack(project, { secrets: 'env', ...sets })
      return { units: [...servers.needed, ...fleet] }
    },
    async (shop) => {
      const unreceived = await openConsumerLag(readSecrets(shop.project))
      const { database } = shop.meter
      const idle = async () => (await database.backlog()) + (await unreceived.count()) === 0
      const what = 'the shop to come to rest'
      const atRest = (timeoutMs: number) =>
        until(idle, { timeoutMs, everyMs: 50, what }).catch(() => false)
      try {
        const at = new Date().toISOString()
        const seen = await measured({ ...shop, meter: { ...shop.meter, atRest } }, equalRate)
        return { ...sets, at, readyMs: shop.readyMs, ...seen }
      } finally {
        await unreceived.close()
      }
    },
  )

async function measured(
  shop: Opened,
  equalRate: (sustainable: number) => number,
): Promise<Pick<SetBlock, 'steps' | 'violations'>> {
  const stage = await staged(shop)
  const warmUp = await runStep('warm-up', shop, pace.warmUp)
  const { steps: rungs, held = 0 } = await climb(shop, warmUp, pace.rung)
  const equal = { ordersPerSecond: equalRate(held), seconds: pace.equalSeconds }
  const steps = [warmUp, ...rungs, await runStep('equal', shop, equal)]
  return { steps, violations: await violationsAt(stage) }
}
