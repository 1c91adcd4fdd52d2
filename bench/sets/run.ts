import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { until } from '@sidecart/platform/process/spawn.ts'
import { raiseLimits } from '@sidecart/platform/supervisor/lift-limits.ts'
import { prepareStack } from '@sidecart/platform/supervisor/prepare-stack.ts'
import type { Step } from '../results.ts'
import { runStep } from '../step.ts'
import { climb, type Opened, opened, staged, violationsAt } from '../trial.ts'
import { openConsumerLag } from './consumer-lag.ts'

export type Sets = { broker: string; state: string }

/** The shop on one broker and one store, from fresh data to `verify`. */
export type SetBlock = Sets & {
  at: string
  readyMs: number
  steps: Step[]
  /** What `verify` found wrong; such a block is void. */
  violations: string[]
}

const pace = {
  warmUp: { ordersPerSecond: 30, seconds: 10 },
  rung: { seconds: 4, most: 4, refine: 1 },
  equalSeconds: 8,
}

/** Start, warm-up, the ladder, a load at the rate that `equalRate` makes of what the ladder found, `verify`. */
export const runSet = (sets: Sets, equalRate: (sustainable: number) => number): Promise<SetBlock> =>
  opened(
    async (project) => {
      // Secrets come from the environment of the sidecars, because the data is in another folder than the shop's own.
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
