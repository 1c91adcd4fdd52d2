import { setTimeout as pause } from 'node:timers/promises'
import type { Contender } from './contenders.ts'
import type { Driver } from './driver/driver.ts'
import type { DatabaseCounts } from './measure/books.ts'
import { difference, type Meter } from './meter.ts'
import type { PerOrder } from './results.ts'

const idleMs = 2_000

type Reading = {
  database: DatabaseCounts
  broker: { said: number; heard: number; messages: number }
  served: { calls: number; facts: number }
}

export type Counting = {
  driver: Driver
  meter: Meter
  legs: Contender['legs']
  /** Requests and deliveries that services have served, those of the driver at the door included. */
  served(): Promise<{ calls: number; facts: number }>
}

/**
 * Counts what an order takes: places so many, slowly enough for each to be done before the next, so that nothing is
 * batched, and takes off what happens in the same time when nobody orders.
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
  const calls = net(({ served }) => served.calls) - requestsAtTheDoor
  const [said, heard] = [net(({ broker }) => broker.said), net(({ broker }) => broker.heard)]
  return {
    hops: calls * legs.call + said * legs.say + heard * legs.hear,
    calls,
    said,
    heard,
    messages: said + heard,
    commits: net(({ database }) => database.commits),
    statements: net(({ database }) => database.statements),
    walBytes: net(({ database }) => database.walBytes),
  }
}

const ordersPerSecond = 5
/** Three products and an order. */
const requestsAtTheDoor = 4

async function during({ meter, served }: Counting, work: () => Promise<void>) {
  const read = async (): Promise<Reading> => ({
    database: await meter.database.counts(),
    broker: await meter.broker(),
    served: await served(),
  })
  const began = performance.now()
  const before = await read()
  await work()
  const after = await read()
  const reading: Reading = {
    database: difference(after.database, before.database),
    broker: difference(after.broker, before.broker),
    served: difference(after.served, before.served),
  }
  return { reading, ms: performance.now() - began }
}
