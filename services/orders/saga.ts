import type { Span } from '@opentelemetry/api'
import { Fault, Refusal } from '@sidecart/chassis/core/errors.ts'
import { createWorker, type Worker } from '@sidecart/chassis/core/worker.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { inChildSpan, inSpan, markFailed } from '@sidecart/chassis/observability/telemetry.ts'
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
import { timeStep } from './metrics.ts'
import type { CatalogClient, OrderStore, PaymentsClient } from './ports.ts'

export type SagaRunnerOptions = {
  store: OrderStore
  catalog: CatalogClient
  payments: PaymentsClient
  log: Log
  now?: () => Date
  /** Maximum orders driven concurrently by this process. */
  concurrency?: number
  /** Milliseconds between polls for orders left behind by another process. */
  pollMs?: number
}

export type SagaRunner = Worker & {
  /** Returns the lease in milliseconds for a new order to `drive`: 0 when all slots are in use. */
  leaseForNewOrder(): number
  /**
   * Drives an order in the background until no step is left. Does nothing if this process is already driving the
   * order.
   *
   * @param claimed the failed attempts before, and the trace to continue instead of the caller's own
   */
  drive(order: Order, claimed?: { attempts: number; traceparent?: string }): void
}

/**
 * Milliseconds; longer than the slowest command, so that two processes seldom drive the same order. Commands are
 * idempotent.
 */
export const leaseMs = 8_000
const none = { attempts: 0 }
const firstDelayMs = 200
const longestDelayMs = 4_000
/** Compensation attempts (about ten minutes) before an order is parked for an operator. */
const attemptsBeforeParking = 150

/**
 * Drives orders through the saga: gets the command from `next`, sends the command, stores the outcome, until no
 * command is left. A refusal is an outcome. After a fault the command is retried with the same key and growing
 * delays, until the deadline starts the compensation, or until a failing compensation parks the order.
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

  /** Sends one command and returns the decision for the outcome. */
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

  async function advance(order: Order, failures: number): Promise<Order> {
    if (expire(order, now()).entries.length > 0)
      return store.update(order.id, (current) => expire(current, now()))
    const step = next(order)
    if (!step) return order
    const attributes = { 'order.id': order.id, 'saga.step': step.command }
    const decide = await inChildSpan(`saga ${step.command}`, { attributes }, () =>
      timeStep(step.command, () => send(order, step)),
    )
    const after = await store.record(order, failures, decide)
    log.info({ orderId: order.id, step: step.command, status: after.status }, 'saga step')
    return after
  }

  async function driveToRest(order: Order, attempts: number, span: Span): Promise<void> {
    let current = order
    let failures = attempts
    try {
      while (next(current)) {
        // leave the order to another instance at once
        if (stopping) return await store.postpone(current.id, 0, failures)
        const before = current.version
        current = await advance(current, failures)
        // an outcome without a change would repeat the same command for ever
        if (current.version === before)
          throw new Fault('no-progress', `order ${order.id} stays ${current.status}`)
        failures = 0
      }
      span.setAttribute('order.status', current.status)
    } catch (error) {
      markFailed(span, error)
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
    // repeating a refused command cannot succeed
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

  function drive(order: Order, claimed: { attempts: number; traceparent?: string } = none): void {
    if (driving.has(order.id)) return
    const { attempts, traceparent: parent } = claimed
    const attributes = { 'order.id': order.id, 'saga.attempt': attempts + 1 }
    const run = inSpan('saga', { parent, attributes }, (span) => driveToRest(order, attempts, span))
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
    for (const { order, ...claimed } of due) {
      // crash point: order claimed
      drive(order, claimed)
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
