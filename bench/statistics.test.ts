import { expect, test } from 'vitest'
import { interleaved } from './bench.ts'
import { createLatency, percentiles } from './latency.ts'
import { parseStat } from './measure/processes.ts'
import { callsIn } from './measure/requests.ts'
import { median, spreadOf } from './statistics.ts'

test('the median is the middle one, or between the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(median([])).toBeNaN()
  expect(spreadOf([1.5, 1.25, 2])).toEqual({ median: 1.5, low: 1.25, high: 2 })
})

test('contenders run there and back, so that what drifts meets all of them', () => {
  expect(interleaved(['A', 'B', 'C'], 2).join('')).toBe('ABCCBA')
  expect(interleaved(['A', 'B'], 3).join('')).toBe('ABBAAB')
})

test('latencies of several recordings are judged together', () => {
  const [fast, slow] = [createLatency(), createLatency()]
  for (let n = 0; n < 99; n += 1) fast.record(2)
  slow.record(800)
  const { p50, p99, max } = percentiles([fast.encoded(), slow.encoded()])
  expect(p50).toBeCloseTo(2, 1)
  expect(p99).toBeCloseTo(2, 1)
  expect(max).toBeGreaterThan(799)
  expect(percentiles([]).max).toBe(0)
})

test('the CPU of a process is its own and that of its children that have ended', () => {
  const stat = '42 (a (strange) name) S 7 42 42 0 -1 4194304 1 0 0 0 10 5 3 2 20 0 1 0 99'
  expect(parseStat(stat)).toEqual({ pid: 42, parent: 7, ticks: 20 })
})

test('calls are counted without the events that are brought', () => {
  const metrics = `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.1",method="GET",route="/products/:sku",status="200"} 9
http_request_duration_seconds_count{method="GET",route="/products/:sku",status="200"} 12
http_request_duration_seconds_count{method="PUT",route="/internal/charges/:orderId",status="200"} 3
http_request_duration_seconds_count{method="POST",route="/events/orders-placed-v1",status="200"} 5
`
  expect(callsIn(metrics)).toBe(15)
})
