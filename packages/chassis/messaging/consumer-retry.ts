import { createWorker, type Worker } from '../core/worker.ts'
import { type ConsumerOptions, createConsumer } from './consumer.ts'

/** Milliseconds; longer than a handler time-out plus a slow update of the dead letter. */
const leaseMs = 15_000

/**
 * Creates the worker that retries stored events with growing delays, without blocking later events. An event failing
 * at the last attempt stays a dead letter. Any instance may retry events stored by another one.
 */
export function createRetryWorker<T>(options: ConsumerOptions<T> & { pollMs?: number }): Worker {
  const { deadLetters, log, name, pollMs = 2_000 } = options
  const consumer = createConsumer(options)

  async function round(): Promise<boolean> {
    const due = await deadLetters.claimDue(leaseMs)
    if (!due) return false
    const { id, topic, event, attempts } = due
    // crash point: before a retry
    try {
      await consumer.consume(topic, event)
      // crash point: after a retry
      await deadLetters.forget(id)
    } catch (error) {
      await consumer.storeFailure(topic, event, error, attempts + 1)
    }
    return true
  }

  return createWorker({ name: `retries of ${name}`, log, pollMs, work: round })
}
