import {
  type Context,
  context,
  type Span,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { RandomIdGenerator } from '@opentelemetry/sdk-trace'

const ids = new RandomIdGenerator()

/** Starts a span that has ids only: those of its trace continue. */
function startSpan(_name: string, _options?: SpanOptions, from = context.active()): Span {
  const traceId = trace.getSpanContext(from)?.traceId ?? ids.generateTraceId()
  const spanId = ids.generateSpanId()
  return trace.wrapSpanContext({ traceId, spanId, traceFlags: TraceFlags.NONE })
}

type Work = (span: Span) => unknown

/** Takes the optional parameters of `Tracer.startActiveSpan` in front of `work`. */
function startActiveSpan(name: string, ...given: (SpanOptions | Context | Work)[]): unknown {
  const work = given.at(-1) as Work
  const from = given.length > 2 ? (given[1] as Context) : context.active()
  const span = startSpan(name, undefined, from)
  return context.with(trace.setSpan(from, span), work, undefined, span)
}

const tracer = { startSpan, startActiveSpan } as Tracer

/**
 * Continues and starts traces of which nothing is recorded. The SDK would copy the attributes and ask the sampler and
 * its metrics before it decides to record nothing.
 */
export const unrecordedTraces: TracerProvider = { getTracer: () => tracer }
