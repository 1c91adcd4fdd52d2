import { prometheus as program } from '@sidecart/platform/install/packages.ts'
import { testWith } from '@sidecart/testing/needs.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { dashboardQueries } from '../architecture/deploy/monitoring.ts'
import {
  confirmedCustomer,
  gateway,
  orderOf,
  type Person,
  placed,
  reaches,
} from '../system/client.ts'
import { sidecart } from '../system/shop.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'

const mug = 'MUG-ENAMEL-BLUE'
const test = await testWith(program)
const isTried = test === (await import('vitest')).test
let prometheus: Prometheus
let ada: Person

const buy = async (card: string, status: string) =>
  reaches(ada, await placed(ada, orderOf(mug, 1, card)), [status])

/** Returns the orders placed since the start, as the service itself counts them. */
async function ownCount(): Promise<number> {
  const text = await (await fetch('http://127.0.0.1:8084/metrics')).text()
  return Number(/^orders_placed_total (\d+)$/m.exec(text)?.[1])
}

beforeAll(async () => {
  if (!isTried) return
  prometheus = await startPrometheus()
  ada = await confirmedCustomer()
  await until('every process answers', async () => {
    const targets = await prometheus.targets()
    return targets.length > 0 && targets.every(({ health }) => health === 'up')
  })
  // a counter is a rate only after it has been scraped twice
  for (let round = 0; round < 3; round += 1) {
    await buy('card_approved', 'confirmed')
    await buy('card_declined', 'cancelled')
    const placedOrders = await ownCount()
    await until('these orders were scraped', async () => {
      const [sample] = await prometheus.query('orders_placed_total')
      return Number(sample?.value[1]) === placedOrders
    })
  }
})
afterAll(() => prometheus?.stop())

describe('Prometheus beside the shop', () => {
  test('scrapes every app and every sidecar, the gateway with its token', async () => {
    const targets = await prometheus.targets()
    expect(targets.map(({ health, lastError }) => [health, lastError])).toEqual(
      Array.from({ length: 14 }, () => ['up', '']),
    )
    // without the token there is nothing there
    expect((await fetch(`${gateway}/metrics`)).status).toBe(404)
  })

  test('evaluates every rule, and raises no alert in a shop that works', async () => {
    const rules = await prometheus.rules()
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
    const firing = (await prometheus.alerts()).filter(({ state }) => state === 'firing')
    expect(firing.map(({ labels }) => labels.alertname)).toEqual([])
  })

  test('has an answer to every query of the dashboard', async () => {
    const queries = dashboardQueries()
    const empty: string[] = []
    for (const { title, expr } of queries) {
      const asked = expr.replaceAll('$__rate_interval', '1m').replaceAll('$service', '.*')
      if ((await prometheus.query(asked)).length === 0) empty.push(`${title}: ${asked}`)
    }
    expect(empty).toEqual([])
    expect(queries.length).toBeGreaterThan(30)
  })

  test('knows the routes of the gateway by their templates, and no id', async () => {
    const samples = await prometheus.query(
      'count by (service, route) (http_request_duration_seconds_count)',
    )
    const routes = samples.map(({ metric }) => `${metric.service} ${metric.route}`)
    expect(routes).toContain('gateway /orders/:orderId')
    expect(routes).toContain('orders /orders/:orderId')
    expect(routes.filter((route) => /[0-9a-f]{8}|@/.test(route))).toEqual([])
  })

  test('an alert fires when payments is stopped, and ends when it is back', async () => {
    const raised = async (state: string) =>
      (await prometheus.alerts()).some(
        ({ labels, state: now }) =>
          labels.alertname === 'ServiceDown' && labels.service === 'payments' && now === state,
      )
    await sidecart('stop', 'payments')
    let orderId: string
    try {
      await until('the alert fires', () => raised('firing'), 60_000)
      const others = (await prometheus.alerts()).filter(
        ({ labels }) => labels.alertname === 'ServiceDown',
      )
      expect(others.map(({ labels }) => labels.service)).toEqual(['payments'])
      orderId = await placed(ada, orderOf(mug))
      await until(
        'the order waits for it',
        async () => {
          const [sample] = await prometheus.query(
            'sum(increase(saga_step_duration_seconds_count{step="charge", outcome="failed"}[1m]))',
          )
          return Number(sample?.value[1]) > 0
        },
        60_000,
      )
    } finally {
      await sidecart('start', 'payments')
    }
    await until('the alert ends', async () => !(await raised('firing')), 60_000)
    await reaches(ada, orderId, ['confirmed', 'cancelled'], 60_000)
  })
})
