import type { Rates } from './contract.ts'

/** Metrics of one process, parsed from the Prometheus text format. */
export type Sample = {
  requests: number
  errors: number
  published: number
  received: number
  /** Cumulative number of requests by the upper bound of their duration in seconds. */
  buckets: Map<number, number>
  outbox?: { depth: number; oldestSeconds: number }
}

const line = /^(\w+)(?:\{(.*)\})? (\S+)$/
/** Streams are excluded: their duration is that of the client's connection. */
const stream = 'route="/orders/:orderId/events"'

/** Parses the metrics needed by the map from a `/metrics` page. */
export function parseMetrics(text: string): Sample {
  const sample: Sample = { requests: 0, errors: 0, published: 0, received: 0, buckets: new Map() }
  let [depth, oldestSeconds] = [Number.NaN, Number.NaN]
  for (const row of text.split('\n')) {
    const [, name = '', labels = '', number] = line.exec(row) ?? []
    const value = Number(number)
    if (labels.includes(stream)) continue
    if (name === 'http_request_duration_seconds_count') {
      sample.requests += value
      if (/status="5/.test(labels)) sample.errors += value
    } else if (name === 'http_request_duration_seconds_bucket') {
      const bound = Number(/le="([\d.]+)"/.exec(labels)?.[1] ?? Number.POSITIVE_INFINITY)
      sample.buckets.set(bound, (sample.buckets.get(bound) ?? 0) + value)
    } else if (name === 'outbox_published_total') sample.published += value
    else if (name === 'inbox_events_total') sample.received += value
    else if (name === 'outbox_depth') depth = value
    else if (name === 'outbox_oldest_seconds') oldestSeconds = value
  }
  return Number.isNaN(depth) ? sample : { ...sample, outbox: { depth, oldestSeconds } }
}

/** Returns the combined metrics of all instances of a service. */
export function sumOf(samples: readonly Sample[]): Sample {
  const buckets = new Map<number, number>()
  for (const one of samples)
    for (const [bound, count] of one.buckets) buckets.set(bound, (buckets.get(bound) ?? 0) + count)
  const sum = (key: 'requests' | 'errors' | 'published' | 'received') =>
    samples.reduce((total, one) => total + one[key], 0)
  // instances share one outbox
  const outbox = samples.find((one) => one.outbox)?.outbox
  const counts = {
    requests: sum('requests'),
    errors: sum('errors'),
    published: sum('published'),
    received: sum('received'),
  }
  return { ...counts, buckets, ...(outbox && { outbox }) }
}

/** Returns the difference of two measurements. Counters of a process restarted in between begin at 0. */
export function ratesOf(before: Sample, now: Sample, seconds: number): Rates {
  const since = (then: number, current: number) => (current < then ? current : current - then)
  const requests = since(before.requests, now.requests)
  const errors = since(before.errors, now.errors)
  const buckets = [...now.buckets].map(
    ([bound, count]) => [bound, since(before.buckets.get(bound) ?? 0, count)] as const,
  )
  const p99Ms = quantileMs(buckets, 0.99)
  return {
    requestsPerSecond: requests / seconds,
    errorShare: requests === 0 ? 0 : errors / requests,
    ...(p99Ms !== undefined && { p99Ms }),
    publishedPerSecond: since(before.published, now.published) / seconds,
    consumedPerSecond: since(before.received, now.received) / seconds,
  }
}

/** Returns the latency quantile of `share`, interpolated linearly within its bucket. */
export function quantileMs(
  buckets: readonly (readonly [bound: number, count: number])[],
  share: number,
): number | undefined {
  const ordered = buckets.toSorted(([one], [other]) => one - other)
  const all = ordered.at(-1)?.[1] ?? 0
  if (all === 0) return undefined
  const rank = all * share
  let [lower, below] = [0, 0]
  for (const [bound, count] of ordered) {
    if (count >= rank) {
      if (!Number.isFinite(bound)) return lower * 1000
      return 1000 * (lower + ((bound - lower) * (rank - below)) / (count - below))
    }
    lower = bound
    below = count
  }
  return undefined
}
