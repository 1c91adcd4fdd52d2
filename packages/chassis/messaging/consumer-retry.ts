import { createWorker, type Worker } from '../core/worker.ts'
import { type ConsumerOptions, createConsumer } from './consumer.ts'

/** Longer than a handler that runs into its time-out and a database that is slow to take down that it did. */
const leaseMs = 15_000

/**
 * Retries the events that the consumer stored, with growing delays and out of the way of the events behind them; one
 * that still fails at its last try stays as a dead letter. Any instance may retry what another one stored.
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
