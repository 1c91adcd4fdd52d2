import { setTimeout as pause } from 'node:timers/promises'
import { withRetries } from '@sidecart/client/http-client.ts'
import { createRandom, type Random } from '@sidecart/client/random.ts'
import type { JournalLine } from '../invariants/client-journal.ts'
import type { Customer } from './customer.ts'
import { type Placed, placeOrder, type Wanted } from './place-order.ts'

/** The order of one shopper and the action afterwards. */
export type ShoppingTask = Wanted & {
  /** Index into the list of customers. */
  customer: number
  /** Gives up after one attempt with a time-out of 150 ms. */
  impatient: boolean
  afterwards: 'nothing' | 'cancel' | 'refund' | 'repeat'
}

const cards = [
  ...Array<string>(70).fill('card_approved'),
  ...Array<string>(10).fill('card_declined'),
  ...Array<string>(8).fill('card_retry'),
  ...Array<string>(6).fill('card_timeout_after_charge'),
  ...Array<string>(6).fill('card_slow'),
]

/** Returns `count` tasks, identical for identical seeds. */
export function shoppingTasks(
  seed: number,
  count: number,
  customers: number,
  skus: readonly string[],
): ShoppingTask[] {
  const random = createRandom(seed ^ 0x5eed)
  return Array.from({ length: count }, (_, index) => ({
    key: `${seed}-${index}`,
    customer: random.int(0, customers - 1),
    lines: linesOf(random, skus),
    card: random.pick(cards),
    impatient: random.chance(0.03),
    afterwards: afterwardsOf(random.int(1, 100)),
  }))
}

function linesOf(random: Random, skus: readonly string[]): Wanted['lines'] {
  const different = new Set(Array.from({ length: random.int(1, 3) }, () => random.pick(skus)))
  return [...different].map((sku) => ({ sku, quantity: random.int(1, 3) }))
}

function afterwardsOf(percent: number): ShoppingTask['afterwards'] {
  if (percent <= 10) return 'cancel'
  if (percent <= 16) return 'refund'
  return percent <= 30 ? 'repeat' : 'nothing'
}

export type Tally = {
  attempted: number
  accepted: number
  refused: number
  unknown: number
  underWay: number
}

export type Shoppers = {
  tally: Tally
  /**
   * Starts `perSecond` tasks a second without waiting for earlier tasks (open loop). Resolves when
   * the last task has ended.
   */
  send(shoppingTasks: readonly ShoppingTask[], perSecond: number): Promise<void>
}

const aMinuteMs = 60_000

export function createShoppers(
  customers: readonly Customer[],
  record: (line: JournalLine) => void,
): Shoppers {
  const tally: Tally = { attempted: 0, accepted: 0, refused: 0, unknown: 0, underWay: 0 }

  async function send(all: readonly ShoppingTask[], perSecond: number): Promise<void> {
    const began = performance.now()
    const under: Promise<void>[] = []
    for (const [index, task] of all.entries()) {
      const early = began + (index * 1000) / perSecond - performance.now()
      if (early > 0) await pause(early)
      under.push(run(task))
    }
    await Promise.all(under)
  }

  async function run(task: ShoppingTask): Promise<void> {
    const customer = customers[task.customer]
    if (!customer) throw new Error(`there is no customer ${task.customer}`)
    tally.attempted += 1
    tally.underWay += 1
    const haste = task.impatient ? { forMs: 0, timeoutMs: 150 } : {}
    const placed = await placeOrder(customer, task, { record, ...haste })
    tally[placed.outcome] += 1
    if (placed.outcome === 'accepted') await goOn(customer, task, placed)
    tally.underWay -= 1
  }

  async function goOn(
    customer: Customer,
    task: ShoppingTask,
    { orderId }: Placed & { outcome: 'accepted' },
  ): Promise<void> {
    switch (task.afterwards) {
      case 'nothing':
        return
      case 'repeat':
        await Promise.all([1, 2, 3].map(() => placeOrder(customer, task, { record })))
        return
      case 'cancel':
        await withRetries(
          () => customer.ask({ method: 'POST', path: `/orders/${orderId}/cancel` }),
          {
            forMs: aMinuteMs,
          },
        )
        return
      case 'refund':
        await refund(customer, orderId)
    }
  }

  return { tally, send }
}

/** Requests a refund as soon as the order is confirmed. */
async function refund({ ask }: Customer, orderId: string): Promise<void> {
  const path = `/orders/${orderId}`
  for (const end = performance.now() + aMinuteMs; performance.now() < end; await pause(1000)) {
    const response = await withRetries(() => ask({ method: 'GET', path }), { forMs: aMinuteMs })
    if (response?.body.status === 'cancelled') return
    if (response?.body.status !== 'confirmed') continue
    const refunding = () => ask({ method: 'POST', path: `${path}/refund` })
    await withRetries(refunding, { forMs: aMinuteMs })
    return
  }
}
