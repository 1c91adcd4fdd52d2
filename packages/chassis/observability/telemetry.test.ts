import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { beforeEach, describe, expect, it } from 'vitest'
import { Fault, refused } from '../core/errors.ts'
import { createApp } from '../http/app.ts'
import { createLog } from './log.ts'
import {
  continued,
  inChildSpan,
  inSpan,
  isActiveTrace,
  samplerOf,
  startSpan,
  startTelemetry,
  traceparent,
} from './telemetry.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const sampled = `00-${traceId}-00f067aa0ba902b7-01`
const unsampled = `00-${traceId}-00f067aa0ba902b7-00`
const exporter = new InMemorySpanExporter()
const spans = () => exporter.getFinishedSpans()

/** Records spans in memory, with the sampler of a service or of the edge. */
function record(ratio = 1, isEdge = false): void {
  trace.disable()
  trace.setGlobalTracerProvider(
    new TracerProvider({
      sampler: samplerOf(ratio, isEdge),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    }),
  )
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
}

beforeEach(() => {
  exporter.reset()
  record()
})

describe('a service that exports no spans', () => {
  it('still has a trace id for its log and its events, and records nothing', async () => {
    trace.disable()
    const telemetry = await startTelemetry('tests')
    const parent = await inSpan('work', {}, async (span) => {
      expect(span.isRecording()).toBe(false)
      return inChildSpan('part', {}, async (part) => {
        expect(part).toBeUndefined()
        return traceparent()
      })
    })
    expect(parent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    expect(startSpan('send', { parent })).toBeUndefined()
    await telemetry.close()
  })

  it('continues the trace of its caller, also in the parts of its work', async () => {
    trace.disable()
    await startTelemetry('tests')
    await inSpan('request', { parent: sampled }, async () => {
      const own = traceparent()
      expect(own).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
      expect(own).not.toContain('00f067aa0ba902b7')
      await inSpan('part', {}, async () =>
        expect(traceparent()?.slice(0, 35)).toBe(sampled.slice(0, 35)),
      )
      expect(traceparent()).toBe(own)
    })
    expect(trace.getActiveSpan()).toBeUndefined()
  })
})

describe('sampling', () => {
  const kept = async (parent: string) => {
    exporter.reset()
    await inSpan('request', { parent }, async () => {})
    return spans().length === 1
  }

  it('follows the caller inside the shop', async () => {
    record(0.5)
    expect(await kept(sampled)).toBe(true)
    expect(await kept(unsampled)).toBe(false)
  })

  it('does not follow a client at the edge, which could have every request recorded, or none', async () => {
    record(0, true)
    expect(await kept(sampled)).toBe(false)
    record(1, true)
    expect(await kept(unsampled)).toBe(true)
  })

  it('continues the trace of a client at the edge', async () => {
    record(1, true)
    await kept(unsampled)
    expect(spans()[0]?.spanContext().traceId).toBe(traceId)
  })
})

describe('a span', () => {
  it('of a request is named by its route, never by its path', async () => {
    const app = createApp({ name: 'tests', log: createLog('tests', 'silent') })
    app.get('/things/:id', (c) => c.json({}))
    app.get('/broken', () => {
      throw new Error('Ada Lovelace is not found')
    })
    await app.request('/things/7', { headers: { traceparent: sampled } })
    await app.request('/broken')
    await app.request('/nowhere/8')
    const [thing, broken, nowhere] = spans()
    expect(thing?.name).toBe('GET /things/:id')
    expect(thing?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7')
    expect(thing?.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/things/:id',
      'http.response.status_code': 200,
    })
    expect(broken?.status).toEqual({ code: SpanStatusCode.ERROR, message: '500' })
    expect(nowhere?.name).toBe('GET /*')
    expect(nowhere?.status.code).toBe(SpanStatusCode.UNSET)
  })

  it('that failed has the code of the error, and not its text, which may be personal', async () => {
    const failing = (error: Error) =>
      inSpan('work', {}, () => Promise.reject(error)).catch(() => {})
    await failing(refused('taken', 'ada@example.com has it'))
    await failing(new Fault('unavailable', 'no answer to ada@example.com'))
    await failing(new TypeError('ada@example.com is no number'))
    expect(spans().map(({ attributes }) => attributes['error.type'])).toEqual([
      'taken',
      'unavailable',
      'TypeError',
    ])
    expect(JSON.stringify(spans().map(({ status, events }) => [status, events]))).not.toContain(
      'ada@',
    )
  })

  it('below a stored trace context is ended once, with the first outcome', () => {
    const span = startSpan('send', { parent: sampled })
    expect(span?.traceparent).toMatch(
      new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
    )
    span?.end(new Fault('not-accepted', 'no'))
    span?.end()
    expect(spans()).toHaveLength(1)
    expect(spans()[0]?.attributes['error.type']).toBe('not-accepted')
  })
})

it('a delivery belongs to the trace of its event, a retry by a worker does not', async () => {
  expect(isActiveTrace(sampled)).toBe(false)
  const inDelivery = context.with(continued(sampled), () =>
    inSpan('POST /events/x', {}, async () => isActiveTrace(sampled)),
  )
  expect(await inDelivery).toBe(true)
  const inAnother = inSpan('poll', {}, async () => isActiveTrace(sampled))
  expect(await inAnother).toBe(false)
})
