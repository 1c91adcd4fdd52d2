import {
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

export type Telemetry = { close(): Promise<void> }

/**
 * Registers tracing for the process. Without an endpoint no spans are exported, but trace ids are still propagated
 * with calls, events and log lines.
 *
 * @param endpoint base URL of an OTLP/HTTP collector, such as `http://127.0.0.1:4318`
 */
export function startTelemetry(service: string, endpoint?: string, sampleRatio = 1): Telemetry {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    sampler: endpoint
      ? new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) })
      : new AlwaysOffSampler(),
    spanProcessors: endpoint
      ? [
          new BatchSpanProcessor({
            exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }),
          }),
        ]
      : [],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return { close: () => provider.shutdown() }
}

const tracer = () => trace.getTracer('sidecart')

/** Returns the `traceparent` of the active span, to store with an event or send with a call. */
export function traceparent(): string | undefined {
  const carrier: { traceparent?: string } = {}
  propagation.inject(context.active(), carrier)
  return carrier.traceparent
}

/** Returns a context that continues the trace of a request or a stored row. */
export function continued(parent: string | undefined): Context {
  return parent ? propagation.extract(context.active(), { traceparent: parent }) : context.active()
}

/** Runs `work` in a new span; an error marks the span and is rethrown. */
export function inSpan<T>(
  name: string,
  options: {
    kind?: SpanKind
    parent?: string | undefined
    attributes?: Record<string, string | number>
  },
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { kind = SpanKind.INTERNAL, attributes = {} } = options
  const run = async (span: Span) => {
    try {
      return await work(span)
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
      throw error
    } finally {
      span.end()
    }
  }
  return tracer().startActiveSpan(name, { kind, attributes }, continued(options.parent), run)
}
