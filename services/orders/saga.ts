import { Fault, Refusal } from '@sidecart/chassis/core/errors.ts'
import { createWorker, type Worker } from '@sidecart/chassis/core/worker.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { inSpan } from '@sidecart/chassis/observability/telemetry.ts'
import {
  type Change,
  charged,
  expire,
  goodsReturned,
  next,
  type Order,
  park,
  partReturned,
  released,
  reserved,
  returned,
  type Step,
} from './domain.ts'
import type { CatalogClient, OrderStore, PaymentsClient } from './ports.ts'

export type SagaRunnerOptions = {
  store: OrderStore
  catalog: CatalogClient
  payments: PaymentsClient
  log: Log
  now?: () => Date
  /** Orders driven at the same time by this process. */
  concurrency?: number
  /** Milliseconds between looks for orders that another process has left behind. */
  pollMs?: number
}

export type SagaRunner = Worker & {
  /** How long a new order may be kept for `drive`, in milliseconds: 0 when all places are taken. */
  leaseForNewOrder(): number
  /** Drives an order until it rests, in the background. One that is being driven here already is left to that. */
  drive(order: Order, attempts?: number): void
}

/** Longer than the slowest command, so that two processes seldom drive the same order; commands are idempotent if they do. */
export const leaseMs = 8_000
const firstDelayMs = 200
const longestDelayMs = 4_000
/** Compensation attempts (about ten minutes) before an order is parked for an operator. */
const attemptsBeforeParking = 150

/**
 * Drives orders through the saga: asks `next` for the command, sends it, stores the answer, until nothing is left.
 * A *no* is an answer; a fault is tried again with the same key, later and later, until the deadline compensates
 * or, when compensation itself keeps failing, the order is parked.
 */
export function createSagaRunner(options: SagaRunnerOptions): SagaRunner {
  const {
    store,
    catalog,
    payments,
    log,
    now = () => new Date(),
    concurrency = 32,
    pollMs = 1_000,
  } = options
  const driving = new Map<string, Promise<void>>()
  let stopping = false

  /** Sends one command and answers what its outcome does to an order. */
  async function send(order: Order, step: Step): Promise<(order: Order) => Change> {
    switch (step.command) {
      case 'reserve': {
        const answer = await catalog.reserve(order.id, step.lines)
        return (current) => reserved(current, answer)
      }
      case 'charge': {
        const answer = await payments.charge(order, step.amount)
        return (current) => charged(current, answer)
      }
      case 'refund': {
        const answer = await payments.refund(order.id, step.reason)
        return (current) => returned(current, answer)
      }
      case 'release': {
        await catalog.release(order.id)
        return released
      }
      case 'refund part': {
        const { refundId, amount, reason } = step.refund
        const answer = await payments.refundPart(order.id, refundId, amount, reason)
        return (current) => partReturned(current, refundId, answer)
      }
      case 'return goods': {
        await catalog.returnGoods(order.id)
        return goodsReturned
      }
    }
  }

  async function advance(order: Order): Promise<Order> {
    if (expire(order, now()).entries.length > 0)
      return store.update(order.id, (current) => expire(current, now()))
    const step = next(order)
    if (!step) return order
    const decide = await inSpan(`saga ${step.command}`, {}, () => send(order, step))
    return store.update(order.id, decide)
  }

  async function driveToRest(order: Order, attempts: number): Promise<void> {
    let current = order
    let failures = attempts
    try {
      while (next(current)) {
        // another instance goes on at once
        if (stopping) return await store.postpone(current.id, 0, failures)
        const before = current.version
        current = await advance(current)
        // an answer that changes nothing would lead to the same question at once, and for ever
        if (current.version === before)
          throw new Fault('no-progress', `order ${order.id} stays ${current.status}`)
        failures = 0
      }
    } catch (error) {
      await scheduleRetry(current, failures + 1, error)
    }
  }

  async function scheduleRetry(order: Order, attempts: number, error: unknown): Promise<void> {
    log.warn(
      { err: error, orderId: order.id, status: order.status, attempts },
      'a step failed; it will be tried again',
    )
    const undoing = order.status === 'cancelling' || order.status === 'refunding'
    const hasDeadline = order.status === 'placed' || order.status === 'reserved'
    // a command that is refused outright can never succeed by repetition
    const hopeless = error instanceof Refusal && !hasDeadline
    if (hopeless || (undoing && attempts >= attemptsBeforeParking))
      await store.update(order.id, (current) => park(current, String(error)))
    else await postpone(order.id, attempts)
  }

  async function postpone(orderId: string, attempts: number): Promise<void> {
    const delayMs = Math.min(firstDelayMs * 2 ** (attempts - 1), longestDelayMs)
    await store.postpone(orderId, delayMs, attempts)
    setTimeout(worker.wake, delayMs + 1).unref()
  }

  function drive(order: Order, attempts = 0): void {
    if (driving.has(order.id)) return
    // one trace for all that is done for it now: of the request that placed it, or of its own
    const attributes = { 'order.id': order.id }
    const run = inSpan('saga', { attributes }, () => driveToRest(order, attempts))
      .catch((err) => log.error({ err, orderId: order.id }, 'an order was left to its lease'))
      .finally(() => {
        driving.delete(order.id)
        if (driving.size === concurrency - 1) worker.wake()
      })
    driving.set(order.id, run)
  }

  async function claimDue(): Promise<boolean> {
    const room = concurrency - driving.size
    if (room <= 0) return false
    const due = await store.claim(room, leaseMs)
    for (const { order, attempts } of due) {
      // crash point: order claimed
      drive(order, attempts)
    }
    return false
  }

  const worker = createWorker({ name: 'saga driver', log, pollMs, work: claimDue })
  return {
    ...worker,
    drive,
    leaseForNewOrder: () => (driving.size < concurrency ? leaseMs : 0),
    stop: async () => {
      stopping = true
      await worker.stop()
      await Promise.all(driving.values())
    },
  }
}
