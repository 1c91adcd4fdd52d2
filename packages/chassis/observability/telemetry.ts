import { randomInt } from 'node:crypto'
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { Fault, Refusal } from '../core/errors.ts'
import { unrecordedTraces } from './unrecorded-tracer.ts'

export type Telemetry = { close(): Promise<void> }

export type TelemetryOptions = {
  /** Base URL of an OTLP/HTTP collector, such as `http://127.0.0.1:4318`. */
  otlpEndpoint?: string | undefined
  /** URL of a Zipkin server's span collector, such as `http://127.0.0.1:9411/api/v2/spans`. */
  zipkinEndpoint?: string | undefined
  /** Share of the traces to export, from 0 to 1. */
  sampleRatio?: number
  /** True on a port that clients reach directly: a client's own sampling decision is ignored. */
  isEdge?: boolean
}

/** Milliseconds between exports: a trace is complete in the viewer a moment after its last span. */
const exportEveryMs = 1_000

/**
 * Registers tracing for the process. Without an endpoint no exporter is loaded and no span is recorded, but trace ids
 * are still propagated with calls, events and log lines.
 */
export async function startTelemetry(
  service: string,
  options: TelemetryOptions = {},
): Promise<Telemetry> {
  const { sampleRatio = 1, isEdge = false } = options
  const exporters = await exportersOf(options)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  if (exporters.length === 0) {
    trace.setGlobalTracerProvider(unrecordedTraces)
    return { close: async () => {} }
  }
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'sidecart' }),
    sampler: samplerOf(sampleRatio, isEdge),
    spanProcessors: exporters.map(
      (exporter) => new BatchSpanProcessor({ exporter, scheduledDelayMillis: exportEveryMs }),
    ),
  })
  trace.setGlobalTracerProvider(provider)
  return { close: () => provider.shutdown() }
}

/** Loads only the exporters in use, because each costs memory. */
async function exportersOf({
  otlpEndpoint,
  zipkinEndpoint,
}: TelemetryOptions): Promise<SpanExporter[]> {
  const exporters: SpanExporter[] = []
  if (otlpEndpoint) {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
    exporters.push(new OTLPTraceExporter({ url: `${otlpEndpoint.replace(/\/$/, '')}/v1/traces` }))
  }
  if (zipkinEndpoint) {
    const { ZipkinExporter } = await import('@opentelemetry/exporter-zipkin')
    exporters.push(new ZipkinExporter({ url: zipkinEndpoint }))
  }
  return exporters
}

/**
 * Returns a sampler that decides at the first span of a trace; further spans follow their parent. At the edge the
 * first span may have a client's span as its parent: neither the sampling flag nor the trace id of a client decides,
 * because a client could otherwise have every request recorded.
 */
export function samplerOf(ratio: number, isEdge: boolean): Sampler {
  const root = isEdge ? new RandomSampler(ratio) : new TraceIdRatioBasedSampler(ratio)
  return new ParentBasedSampler({
    root,
    ...(isEdge && { remoteParentSampled: root, remoteParentNotSampled: root }),
  })
}

const steps = 1_000_000

class RandomSampler implements Sampler {
  private readonly ratio: number
  constructor(ratio: number) {
    this.ratio = ratio
  }
  shouldSample() {
    const isSampled = randomInt(steps) < this.ratio * steps
    return {
      decision: isSampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }
  }
  toString(): string {
    return `RandomSampler{${this.ratio}}`
  }
}

const tracer = () => trace.getTracer('sidecart')

/** Returns the `traceparent` of the active span, to store with an event or send with a call. */
export function traceparent(active: Context = context.active()): string | undefined {
  const carrier: { traceparent?: string } = {}
  propagation.inject(active, carrier)
  return carrier.traceparent
}

/** Returns a context that continues the trace of a request or a stored row. */
export function continued(parent: string | undefined): Context {
  return parent ? propagation.extract(context.active(), { traceparent: parent }) : context.active()
}

export type SpanOptions = {
  kind?: SpanKind
  /** The `traceparent` to continue; default: the active span. */
  parent?: string | undefined
  attributes?: Attributes
}

/** Runs `work` in a new span; an error marks the span and is rethrown. */
export function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { kind = SpanKind.INTERNAL, attributes = {} } = options
  const run = async (span: Span) => {
    try {
      return await work(span)
    } catch (error) {
      markFailed(span, error)
      throw error
    } finally {
      span.end()
    }
  }
  return tracer().startActiveSpan(name, { kind, attributes }, continued(options.parent), run)
}

/**
 * Runs `work` in a new span if the active trace is recorded. Used for the parts of a request, which need no trace id
 * of their own: an unrecorded span would only cost CPU, and a call outside a trace would start a new one.
 */
export function inChildSpan<T>(
  name: string,
  options: Pick<SpanOptions, 'kind' | 'attributes'>,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  return trace.getActiveSpan()?.isRecording() ? inSpan(name, options, work) : work(undefined)
}

/** Returns whether the active span belongs to the trace of a `traceparent`. */
export function isActiveTrace(parent: string | undefined): boolean {
  const active = trace.getActiveSpan()?.spanContext().traceId
  return active !== undefined && trace.getSpanContext(continued(parent))?.traceId === active
}

/** Starts a span below a stored `traceparent`; returns undefined when that trace is not recorded. */
export function startSpan(
  name: string,
  { kind = SpanKind.INTERNAL, parent, attributes = {} }: SpanOptions,
): { traceparent: string | undefined; end(error?: unknown): void } | undefined {
  const from = continued(parent)
  const flags = trace.getSpanContext(from)?.traceFlags ?? TraceFlags.NONE
  if ((flags & TraceFlags.SAMPLED) === 0) return undefined
  const span = tracer().startSpan(name, { kind, attributes }, from)
  return {
    traceparent: traceparent(trace.setSpan(from, span)),
    end(error) {
      if (!span.isRecording()) return
      if (error !== undefined) markFailed(span, error)
      span.end()
    },
  }
}

/** Records the status of a reply on the span of the client that asked: for a client every 4xx and 5xx is an error. */
export function describeReply(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status)
  if (status < 400) return
  span.setAttribute('error.type', String(status))
  span.setStatus({ code: SpanStatusCode.ERROR, message: String(status) })
}

/** Marks a span as failed. The message of an unexpected error may hold personal data, so only its name is recorded. */
export function markFailed(span: Span, error: unknown): void {
  const type =
    error instanceof Refusal || error instanceof Fault
      ? error.code
      : error instanceof Error
        ? error.name
        : 'error'
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR, message: type })
}
