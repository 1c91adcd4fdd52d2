import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { within } from '../../chassis/within.ts'
import { stopLeftovers } from '../../cli/down.ts'
import { planOf } from '../../cli/plan.ts'
import { projectAt } from '../../cli/project.ts'
import { readSecrets } from '../../cli/secrets.ts'
import { openShop } from '../../cli/shop.ts'
import { thisShop } from '../../cli/this-shop.ts'
import { verify } from '../../cli/verify/verify.ts'
import { until } from '../../runtime/processes.ts'
import { benchProject } from '../block.ts'
import { type Driver, startDriver } from '../driver/driver.ts'
import { createLadder } from '../ladder.ts'
import { type Meter, openMeter } from '../meter.ts'
import type { Step } from '../results.ts'
import { runStep } from '../step.ts'
import { cpuPerOrder } from '../summary.ts'
import { openUnheard } from './unheard.ts'

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
const stage = { orders: 100_000, customers: 8, mailed: 0, plentiful: 40, scarce: 0 }

type Measured = Pick<SetBlock, 'steps' | 'violations'>

/** Start, warm-up, the ladder, a load at the rate that `equalRate` makes of what the ladder found, `verify`. */
export async function runSet(
  sets: Sets,
  equalRate: (sustainable: number) => number,
): Promise<SetBlock> {
  const project = benchProject(projectAt().root)
  await stopLeftovers(project)
  rmSync(project.home, { recursive: true, force: true })
  // Secrets come from the environment of the sidecars, because the data is in another folder than the shop's own.
  const { servers, fleet } = await planOf(project, { secrets: 'env', ...sets })
  const began = performance.now()
  const shop = await openShop(project, [...servers.needed, ...fleet], () => {})
  const driver = startDriver()
  const stop = () => void shop.stop().then(() => process.exit(130))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await within(180_000, 'starting the shop', shop.ready)
    const readyMs = Math.round(performance.now() - began)
    const secrets = readSecrets(project)
    const unheard = await openUnheard(secrets)
    const meter = await openMeter(project, secrets)
    const idle = async () => (await meter.database.backlog()) + (await unheard.count()) === 0
    const what = 'the shop to come to rest'
    const atRest = (timeoutMs: number) =>
      until(idle, { timeoutMs, everyMs: 50, what }).catch(() => false)
    try {
      const measured = await measure(driver, { ...meter, atRest }, project.home, equalRate)
      return { ...sets, at: new Date().toISOString(), readyMs, ...measured }
    } finally {
      await Promise.all([meter.close(), unheard.close()])
    }
  } finally {
    driver.leave()
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await shop.stop()
  }
}

async function measure(
  driver: Driver,
  meter: Meter,
  home: string,
  equalRate: (sustainable: number) => number,
): Promise<Measured> {
  const shop = await thisShop(home)
  const record = join(home, 'record.jsonl')
  await driver.setStage({ gateway: shop.gateway, operator: shop.operator, stage, record })
  const instruments = { driver, meter }
  const warmUp = await runStep('warm-up', instruments, pace.warmUp)
  const ladder = createLadder({ first: allowedByCpu(warmUp) / 2, ...pace.rung })
  const steps = [warmUp]
  for (let rate = ladder.next(); rate !== undefined; rate = ladder.next()) {
    const { seconds } = pace.rung
    const step = await runStep('rung', instruments, { ordersPerSecond: rate, seconds })
    steps.push(step)
    ladder.report(rate, step.kept, allowedByCpu(step))
  }
  const equal = { ordersPerSecond: equalRate(ladder.best() ?? 0), seconds: pace.equalSeconds }
  steps.push(await runStep('equal', instruments, equal))
  const { checks } = await verify({ ...shop, record })
  const violations = checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`)
  return { steps, violations }
}

/** Orders a second that the processors allow if each goes on taking what it took in this step. */
const allowedByCpu = (step: Step): number => (availableParallelism() * 1000) / cpuPerOrder(step)
