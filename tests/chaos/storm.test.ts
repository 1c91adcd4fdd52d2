import type { ChaosReport } from '@sidecart/verify/chaos/chaos.ts'
import { expect, it } from 'vitest'
import { sidecart } from './shop.ts'

const orders = Number(process.env.CHAOS_ORDERS ?? 500)
const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))

it(`nothing is lost of ${orders} orders while the shop breaks (seed ${seed})`, async () => {
  console.log(`again: ./sidecart chaos --orders ${orders} --rate 25 --seed ${seed}`)
  const how = ['--orders', String(orders), '--rate', '25', '--seed', String(seed), '--json']
  const report = JSON.parse(await sidecart('chaos', ...how)) as ChaosReport
  expect(report.violations).toEqual([])
  expect(report.ok).toBe(true)
  expect(report.orders.attempted).toBe(orders)
  expect(report.faults.length).toBeGreaterThan(3)
}, 300_000)
