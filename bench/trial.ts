import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { withTimeout } from '@sidecart/chassis/core/timeout.ts'
import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { type Project, projectAt } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { stopLeftovers } from '@sidecart/platform/supervisor/down.ts'
import type { ProcessSpec } from '@sidecart/platform/supervisor/process-spec.ts'
import { openShop } from '@sidecart/platform/supervisor/shop.ts'
import { verify } from '@sidecart/verify/invariants/verify.ts'
import { type Contender, callsOf } from './contenders.ts'
import { countPerOrder } from './cost-per-order.ts'
import { type Driver, startDriver } from './driver/driver.ts'
import { difference, type Meter, openMeter } from './meter.ts'
import { hopProbes } from './probes.ts'
import { createRateSearch } from './rate-search.ts'
import type { Block, Step } from './results.ts'
import { runStep } from './step.ts'
import { cpuPerOrder } from './summary.ts'

/** Durations and thoroughness of a block. */
export type Pace = {
  warmUp: { seconds: number; rate: number }
  rung: { seconds: number; most: number; refine: number }
  /**
   * Seconds at the rate equal for all contenders, at 60 % and at 40 % of the contender's own
   * sustainable rate; 0 skips the load.
   */
  equalSeconds: number
  loadedSeconds: number
  lightSeconds: number
  counted: number
  idleMs: number
}

const customers = 8
const startMs = 180_000
/** Stock, more than the orders of a block. */
const plenty = 100_000

/** Returns the project with the data folder of the running contender. */
export const benchProject = (root: string): Project =>
  projectAt(root, { home: join(root, '.sidecart', 'bench', 'shop') })

/** A contender running on fresh data, with driver and meter. */
export type Opened = {
  project: Project
  units: readonly ProcessSpec[]
  driver: Driver
  meter: Meter
  readyMs: number
}

/**
 * Starts the processes of `plan` on fresh data, runs `work`, and stops them, also after an error.
 */
export async function opened<T>(
  plan: Contender['plan'],
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const project = benchProject(projectAt().root)
  await stopLeftovers(project)
  rmSync(project.home, { recursive: true, force: true })
  const { units, front } = await plan(project)
  const began = performance.now()
  const shop = await openShop(project, units, () => {}, front)
  const driver = startDriver()
  const stop = () => void shop.stop().then(() => process.exit(130))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await withTimeout(startMs, 'starting the contender', shop.ready)
    const readyMs = Math.round(performance.now() - began)
    const meter = await openMeter(project, readSecrets(project))
    try {
      return await work({ project, units, driver, meter, readyMs })
    } finally {
      await meter.close()
    }
  } finally {
    driver.leave()
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await shop.stop()
  }
}

/** Signs in the customers and stocks up. Returns the connection info for `verify`. */
export async function staged({ project, driver }: Opened) {
  const shop = await connectionInfo(project.home)
  const record = join(project.home, 'record.jsonl')
  const stage = { orders: plenty, customers, mailed: 0, plentiful: 40, scarce: 0 }
  const { gateway, signingKeys } = shop
  await driver.setStage({ gateway, signingKeys, stage, record })
  return { ...shop, record }
}

/**
 * Runs one block of a contender on fresh databases: start, warm-up, counts per order, rate search,
 * constant loads, `verify`. `equalRate` is called after the rate search; the first contender's
 * result decides the rate for all.
 */
export const runBlock = (
  contender: Contender,
  pace: Pace,
  equalRate: (sustainable: number) => number,
  print: (line: string) => void,
): Promise<Block> =>
  opened(contender.plan, (shop) => measured({ ...shop, contender, pace, equalRate, print }))

type Running = Opened & {
  contender: Contender
  pace: Pace
  equalRate: (sustainable: number) => number
  print: (line: string) => void
}

async function measured(running: Running): Promise<Block> {
  const { contender, pace, units, driver, meter, readyMs } = running
  const at = new Date().toISOString()
  const idle = await whileIdle(meter, pace.idleMs)
  const shop = await staged(running)
  const warm = { ordersPerSecond: pace.warmUp.rate, seconds: pace.warmUp.seconds }
  const warmUp = await runStep('warm-up', { driver, meter }, warm)
  const counting = { driver, meter, legs: contender.legs, calls: callsOf(contender, units) }
  const perOrder = await countPerOrder(counting, pace.counted)
  const steps = [warmUp, ...(await climbAndLoad(running, warmUp))]
  const pssMb = meter.pssMb()
  const violations = await violationsAt(shop)
  return { contender: contender.name, at, readyMs, ...idle, pssMb, perOrder, steps, violations }
}

/** Returns the violations found by `verify`; any violation voids the measurements. */
export async function violationsAt(shop: Parameters<typeof verify>[0]): Promise<string[]> {
  const { checks } = await verify(shop, { all: true })
  return checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`)
}

async function whileIdle(meter: Meter, ms: number) {
  await pause(ms)
  const idlePssMb = meter.pssMb()
  const before = meter.cpuMs()
  await pause(ms)
  const used = Object.entries(difference(meter.cpuMs(), before))
  const idleCpuMs = Object.fromEntries(used.map(([name, cpu]) => [name, (cpu * 1000) / ms]))
  return { idlePssMb, idleCpuMs }
}

/**
 * Searches for the highest sustainable rate, starting at half of the rate allowed by the CPU in the
 * warm-up.
 */
export async function climb(
  { driver, meter }: Pick<Opened, 'driver' | 'meter'>,
  warmUp: Step,
  { seconds, ...rung }: Pace['rung'],
  print: (line: string) => void = () => {},
): Promise<{ steps: Step[]; held: number | undefined }> {
  const ladder = createRateSearch({ first: allowedByCpu(warmUp) / 2, ...rung })
  const steps: Step[] = []
  for (let rate = ladder.next(); rate !== undefined; rate = ladder.next()) {
    const step = await runStep('rung', { driver, meter }, { ordersPerSecond: rate, seconds })
    steps.push(step)
    ladder.report(rate, step.kept, allowedByCpu(step))
    print(`${rate.toFixed(0)}/s ${step.kept ? 'kept up' : `not kept up: ${step.why}`}`)
  }
  return { steps, held: ladder.best() }
}

/** Runs the rate search, then constant loads relative to the result. */
async function climbAndLoad(running: Running, warmUp: Step): Promise<Step[]> {
  const { pace, print, equalRate } = running
  const { steps, held } = await climb(running, warmUp, pace.rung, print)
  const best = held ?? Math.min(...steps.map(({ rate }) => rate)) / 2
  const loads = [
    ['equal', equalRate(best), pace.equalSeconds],
    ['loaded', best * 0.6, pace.loadedSeconds],
    ['light', best * 0.4, pace.lightSeconds],
  ] as const
  for (const [purpose, rate, seconds] of loads)
    if (seconds > 0) steps.push(await stepAt(running, purpose, rate, seconds))
  return steps
}

/** Orders a second possible with all cores, at the CPU cost per order of this step. */
const allowedByCpu = (step: Step): number => (availableParallelism() * 1000) / cpuPerOrder(step)

function stepAt(
  { driver, meter, project, contender }: Running,
  purpose: Step['purpose'],
  ordersPerSecond: number,
  seconds: number,
): Promise<Step> {
  const probes = purpose === 'light' && contender.legs.call === 3 ? hopProbes(project) : []
  return runStep(purpose, { driver, meter }, { ordersPerSecond, seconds, probes })
}
