import { setTimeout as pause } from 'node:timers/promises'
import type { Contender } from './contenders.ts'
import type { Driver } from './driver/driver.ts'
import type { DatabaseCounts } from './measure/database.ts'
import { difference, type Meter } from './meter.ts'
import type { PerOrder } from './results.ts'

const idleMs = 2_000

type Reading = {
  database: DatabaseCounts
  broker: { published: number; received: number }
  calls: number
}

export type Counting = {
  driver: Driver
  meter: Meter
  legs: Contender['legs']
  /** Returns the calls served so far by the services, without requests to the gateway. */
  calls(): Promise<number>
}

/**
 * Measures the cost of one order. Places `orders` orders at 5 a second, slowly enough to complete
 * each before the next, so nothing is batched, and subtracts the cost of an idle period, scaled to
 * the same length.
 */
export async function countPerOrder(counting: Counting, orders: number): Promise<PerOrder> {
  const { driver, meter, legs } = counting
  const seconds = orders / ordersPerSecond
  const idle = await during(counting, () => pause(idleMs))
  const busy = await during(counting, async () => {
    await driver.drive({ ordersPerSecond, seconds })
    await meter.atRest(10_000)
  })
  const share = busy.ms / idle.ms
  const net = (of: (reading: Reading) => number) =>
    (of(busy.reading) - of(idle.reading) * share) / orders
  const calls = net((reading) => reading.calls)
  const [published, received] = [
    net(({ broker }) => broker.published),
    net(({ broker }) => broker.received),
  ]
  return {
    hops: calls * legs.call + published * legs.publish + received * legs.receive,
    calls,
    published,
    received,
    messages: published + received,
    commits: net(({ database }) => database.commits),
    statements: net(({ database }) => database.statements),
    walBytes: net(({ database }) => database.walBytes),
  }
}

const ordersPerSecond = 5

async function during({ meter, calls }: Counting, work: () => Promise<void>) {
  const read = async (): Promise<Reading> => ({
    database: await meter.database.counts(),
    broker: await meter.broker(),
    calls: await calls(),
  })
  const began = performance.now()
  const before = await read()
  await work()
  const after = await read()
  const reading: Reading = {
    database: difference(after.database, before.database),
    broker: difference(after.broker, before.broker),
    calls: after.calls - before.calls,
  }
  return { reading, ms: performance.now() - began }
}
