import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'

export type Percentiles = { p50: number; p90: number; p99: number; p999: number; max: number }

/** Latencies with three significant digits. */
export type Latency = {
  record(ms: number): void
  /** Returns all recorded values in HdrHistogram's compressed format, in microseconds. */
  encoded(): string
}

export function createLatency(): Latency {
  const histogram = empty()
  return {
    record: (ms) => histogram.recordValue(Math.max(0, Math.round(ms * 1000))),
    encoded: () => encodeIntoCompressedBase64(histogram),
  }
}

/** Percentiles in milliseconds over all these recordings. */
export function percentiles(encoded: readonly string[]): Percentiles {
  const all = together(encoded)
  const at = (percentile: number) => round(all.getValueAtPercentile(percentile) / 1000)
  const max = all.totalCount === 0 ? 0 : round(all.maxValue / 1000)
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max }
}

/** Points of the curve from percentile to milliseconds, over all these recordings. */
export function curve(encoded: readonly string[]): [percentile: number, ms: number][] {
  const all = together(encoded)
  return shown.map((percentile) => [percentile, all.getValueAtPercentile(percentile) / 1000])
}

const shown = [50, 60, 70, 80, 90, 95, 97.5, 99, 99.5, 99.9]

const empty = () => build({ numberOfSignificantValueDigits: 3, useWebAssembly: false })

function together(encoded: readonly string[]) {
  const all = empty()
  for (const one of encoded) all.add(decodeFromCompressedBase64(one))
  return all
}

const round = (ms: number) => Math.round(ms * 100) / 100
