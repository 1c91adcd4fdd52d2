import { join } from 'node:path'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { raiseLimits } from '@sidecart/platform/supervisor/lift-limits.ts'
import type { ChaosReport } from '@sidecart/verify/chaos/chaos.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sidecart } from '../chaos/shop.ts'

/* Services with different numbers of instances, of which some are killed while orders flow. */

const orders = Number(process.env.SCALE_ORDERS ?? 500)
/** Kafka divides a topic by keys, which is the hardest to share. */
const brokers = (process.env.SCALE_BROKERS ?? 'kafka').split(',')
const seed = Number(process.env.SCALE_SEED ?? Math.floor(Math.random() * 2 ** 31))
const scale = { orders: 3, catalog: 2, payments: 2 }
const scaled = Object.entries(scale)
/** The least part of an equal share of the work that each instance must do. */
const leastOfShare = 0.15

type Line = { time: string; msg: string }

/** Returns how many lines with one of these messages each instance of an app has logged since a time. */
function workOf(app: string, instances: number, since: string, messages: readonly string[]) {
  const names = Array.from({ length: instances }, (_, n) => (n === 0 ? app : `${app}-${n + 1}`))
  return names.map((name) => {
    const file = join(projectAt().logs, `${name}.log`)
    const text = [readIfThere(`${file}.1`), readIfThere(file)].join('')
    const lines = text.split('\n').filter((line) => messages.some((msg) => line.includes(msg)))
    return lines.filter((line) => (JSON.parse(line) as Line).time >= since).length
  })
}

const least = (work: readonly number[]) =>
  (leastOfShare * work.reduce((sum, one) => sum + one, 0)) / work.length

describe.each(brokers)('on %s', (broker) => {
  let report: ChaosReport
  const since = new Date().toISOString()

  beforeAll(async () => {
    raiseLimits()
    const flags = scaled.map(([app, count]) => `${app}=${count}`).join()
    await sidecart('up', '--detach', '--broker', broker, '--scale', flags)
    console.log(`seed ${seed}`)
    const how = ['--orders', String(orders), '--rate', '25', '--seed', String(seed)]
    report = JSON.parse(
      await sidecart('chaos', ...how, '--faults', 'kill', '--json'),
    ) as ChaosReport
  }, 600_000)
  afterAll(() => sidecart('down'), 60_000)

  it(`nothing is lost of ${orders} orders while instances are killed`, () => {
    expect(report.violations).toEqual([])
    expect(report.orders.attempted).toBe(orders)
    const killed = report.faults.map(({ target }) => target)
    expect(killed.some((name) => /^(orders|catalog|payments)(-\d)?(-sidecar)?$/.test(name))).toBe(
      true,
    )
  })

  it.each(scaled)('each instance of %s takes calls', (app, count) => {
    const work = workOf(app, count, since, ['"msg":"request"'])
    expect(Math.min(...work), `${work}`).toBeGreaterThanOrEqual(least(work))
  })

  it('each instance of catalog consumes events', () => {
    const work = workOf('catalog', scale.catalog, since, ['"msg":"event"'])
    expect(work.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(orders / 4)
    expect(Math.min(...work), `${work}`).toBeGreaterThanOrEqual(least(work))
  })

  it('each instance of orders takes steps of sagas', () => {
    const work = workOf('orders', scale.orders, since, ['"msg":"saga step"'])
    expect(Math.min(...work), `${work}`).toBeGreaterThanOrEqual(least(work))
  })
})
