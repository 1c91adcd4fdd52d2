import { expect, it } from 'vitest'
import { parseMetrics, quantileMs, ratesOf, sumOf } from './metrics.ts'

const page = (requests: number, errors: number) => `
# HELP http_request_duration_seconds Duration of HTTP requests by route
http_request_duration_seconds_bucket{le="0.1",method="GET",route="/products",status="200"} ${requests / 2}
http_request_duration_seconds_bucket{le="1",method="GET",route="/products",status="200"} ${requests}
http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/products",status="200"} ${requests}
http_request_duration_seconds_count{method="GET",route="/products",status="200"} ${requests}
http_request_duration_seconds_count{method="GET",route="/products",status="503"} ${errors}
http_request_duration_seconds_count{method="GET",route="/orders/:orderId/events",status="200"} 7
outbox_published_total{topic="orders-placed-v1"} 3
inbox_events_total{topic="payments-refunded-v1",outcome="applied"} 2
outbox_depth 4
outbox_oldest_seconds 1.5`

it('reads what a service counts, without streams', () => {
  const { requests, errors, published, received, outbox } = parseMetrics(page(10, 2))
  expect({ requests, errors, published, received, outbox }).toEqual({
    requests: 12,
    errors: 2,
    published: 3,
    received: 2,
    outbox: { depth: 4, oldestSeconds: 1.5 },
  })
})

it('a service without a database has no outbox', () => {
  expect(parseMetrics('outbox_depth NaN').outbox).toBeUndefined()
})

it('says what happened between two looks', () => {
  const rates = ratesOf(parseMetrics(page(100, 0)), parseMetrics(page(120, 5)), 10)
  expect(rates).toMatchObject({ requestsPerSecond: 2.5, errorShare: 0.2 })
  expect(rates.p99Ms).toBeCloseTo(982)
})

it('a process that was started again counts from nothing', () => {
  const rates = ratesOf(parseMetrics(page(100, 0)), parseMetrics(page(20, 0)), 10)
  expect(rates.requestsPerSecond).toBe(2)
})

it('instances are taken together, their one outbox once', () => {
  const both = sumOf([parseMetrics(page(10, 0)), parseMetrics(page(30, 0))])
  expect(both).toMatchObject({ requests: 40, outbox: { depth: 4 } })
})

it('nothing asked has no duration, and the longest have that of the last bound', () => {
  expect(quantileMs([], 0.99)).toBeUndefined()
  expect(
    quantileMs(
      [
        [1, 0],
        [Number.POSITIVE_INFINITY, 5],
      ],
      0.99,
    ),
  ).toBe(1000)
})
