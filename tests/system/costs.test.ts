import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { paymentEvents } from '@sidecart/payments/contract.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { countPerOrder } from '../../bench/cost-per-order.ts'
import { type Driver, startDriver } from '../../bench/driver/driver.ts'
import { callsServedBy, endedSessionsReadBy } from '../../bench/measure/requests.ts'
import { type Meter, openMeter } from '../../bench/meter.ts'
import { broker } from '../conformance/sets.ts'
import { appConfigs } from './shop.ts'

const project = projectAt()
let folder: string
let driver: Driver
let meter: Meter

beforeAll(async () => {
  const { gateway, signingKeys } = await connectionInfo()
  folder = await mkdtemp(join(tmpdir(), 'sidecart-costs-'))
  const stage = { orders: 1_000, customers: 2, mailed: 0, plentiful: 10, scarce: 0 }
  driver = startDriver()
  await driver.setStage({ gateway, signingKeys, stage, record: join(folder, 'record.jsonl') })
  meter = await openMeter(project, readSecrets(project))
  // warms up: some calls happen once and are cached
  await driver.drive({ ordersPerSecond: 5, seconds: 2 })
  expect(await meter.atRest(60_000)).toBe(true)
})

afterAll(async () => {
  driver.leave()
  await meter.close()
  await rm(folder, { recursive: true, force: true })
})

// the events are counted by JetStream's own counters
it.skipIf(broker !== 'jetstream')(
  'an order costs so many calls, events and commits, and no more',
  async () => {
    const services = appConfigs.filter(({ appID }) => appID !== 'gateway')
    const ports = services.map(({ appPort }) => appPort)
    const calls = () => callsServedBy(ports)
    const counting = { driver, meter, calls, legs: { call: 3, publish: 2, receive: 2 } }
    const readBefore = await endedSessionsReadBy(ports)
    const perOrder = await countPerOrder(counting, orders)
    const reads = ((await endedSessionsReadBy(ports)) - readBefore) / orders
    const whole = Object.entries(perOrder).map(([what, count]) => [what, Math.round(count)])
    // three products, the order, reserve, charge; placed, charged, confirmed
    const [called, published] = [6, 3]
    const hops = called * 3 + (published + received) * 2
    const messages = { calls: called, published, received, hops, messages: published + received }
    expect(Object.fromEntries(whole)).toMatchObject(messages)
    expect(perOrder.commits - reads).toBeLessThanOrEqual(mostCommits)
    expect(perOrder.statements - reads).toBeLessThanOrEqual(mostStatements)
  },
)

const published = [orderEvents.placed, paymentEvents.charged, orderEvents.confirmed]
const deliveriesTo = (services: typeof manifests): number =>
  services
    .flatMap(({ subscribesTo = [] }) => subscribesTo)
    .filter((event) => published.includes(event as (typeof published)[number])).length
const received = deliveriesTo(manifests)
/** Deliveries of which a database keeps something, beyond those in the measurements below. */
const more = deliveriesTo(manifests.filter(({ database }) => database)) - 4
/** Measured: 10.2 and 28.2, with a remainder of idle polling. One more per order is too many. */
const orders = 20
const mostCommits = 10.9 + more
const statementsPerDelivery = 10
const mostStatements = 28.9 + more * statementsPerDelivery
