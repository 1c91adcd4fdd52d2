import { Counter, collectDefaultMetrics, Histogram, Registry } from '@prometheus-io/client'

export const registry = new Registry()
collectDefaultMetrics({ register: registry })

const registers = [registry]

/** Seconds from the first byte of a request to the last of its answer. */
export const requestSeconds = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Duration of HTTP requests by route',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers,
})

export const outboxPublished = new Counter({
  name: 'outbox_published_total',
  help: 'Facts handed to the broker',
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
  help: 'Facts heard, by what became of them: applied, duplicate, dead-letter, retry',
  labelNames: ['topic', 'outcome'] as const,
  registers,
})

export { Counter }
