import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'

export const registry = new Registry()
// with the default precision (10 and 100 ms) the event loop of an idle process takes 7 ms of CPU per second instead
// of 1 ms
collectDefaultMetrics({
  register: registry,
  eventLoopMonitoringPrecision: 100,
  eventLoopUtilizationTimeout: 1_000,
})

const registers = [registry]

/** Seconds from the first byte of a request to the last byte of the response. */
export const requestSeconds = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Duration of HTTP requests by route',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers,
})

export const outboxPublished = new Counter({
  name: 'outbox_published_total',
  help: 'Events handed to the broker',
  labelNames: ['topic'] as const,
  registers,
})

export const outboxFailures = new Counter({
  name: 'outbox_publish_failures_total',
  help: 'Publish attempts that the broker or the sidecar did not accept',
  labelNames: ['topic'] as const,
  registers,
})

export const inboxOutcomes = new Counter({
  name: 'inbox_events_total',
  help: 'Events received, by what became of them: applied, duplicate, dead-letter, retry',
  labelNames: ['topic', 'outcome'] as const,
  registers,
})

/** Seconds in a handler and its transaction, for each delivery and each retry. */
export const consumerSeconds = new Histogram({
  name: 'consumer_processing_duration_seconds',
  help: 'Duration of processing an event by topic and outcome: applied, duplicate, refused, failed',
  labelNames: ['topic', 'outcome'] as const,
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  registers,
})

export const callRetries = new Counter({
  name: 'sidecar_call_retries_total',
  help: 'Further attempts of calls to another app that were not answered',
  labelNames: ['app'] as const,
  registers,
})

/**
 * Adds gauges that are computed when metrics are read; `NaN` when the source does not respond. Gauges of the same name
 * are replaced.
 */
function watch<K extends string>(
  gauges: Record<K, { name: string; help: string }>,
  read: () => Promise<Record<K, number>> | Record<K, number>,
): void {
  let reading: Promise<Record<K, number> | undefined> | undefined
  // one reading for all gauges of a scrape
  const shared = () => {
    reading ??= Promise.resolve()
      .then(read)
      .catch(() => undefined)
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  for (const key of Object.keys(gauges) as K[]) {
    registry.removeSingleMetric(gauges[key].name)
    new Gauge({
      ...gauges[key],
      registers,
      async collect() {
        this.set((await shared())?.[key] ?? Number.NaN)
      },
    })
  }
}

/** Adds gauges of waiting outbox events. */
export const watchOutbox = (
  backlog: () => Promise<{ depth: number; oldestSeconds: number }>,
): void =>
  watch(
    {
      depth: { name: 'outbox_depth', help: 'Events that wait to be handed to the broker' },
      oldestSeconds: { name: 'outbox_oldest_seconds', help: 'How long the oldest of them waits' },
    },
    backlog,
  )

/** Adds gauges of stored events that could not be processed. */
export const watchDeadLetters = (count: () => Promise<{ dead: number; retrying: number }>): void =>
  watch(
    {
      dead: { name: 'dead_letters', help: 'Events that wait for an operator' },
      retrying: { name: 'consumer_retries_waiting', help: 'Events that wait for their next retry' },
    },
    count,
  )

/** Adds gauges of the connections to the database. */
export const watchPool = (
  read: () => { used: number; idle: number; waiting: number; most: number },
): void =>
  watch(
    {
      used: { name: 'database_pool_used', help: 'Connections in use' },
      idle: { name: 'database_pool_idle', help: 'Open connections not in use' },
      waiting: { name: 'database_pool_waiting', help: 'Requests that wait for a connection' },
      most: { name: 'database_pool_size', help: 'Maximum connections of this process' },
    },
    read,
  )

export { Counter, Gauge, Histogram }
