import { randomBytes } from 'node:crypto'
import { until } from '@sidecart/testing/until.ts'

export const zipkin = 'http://127.0.0.1:9440'

/** A span in Zipkin's format, version 2. */
export type Span = {
  traceId: string
  id: string
  parentId?: string
  name: string
  kind?: 'CLIENT' | 'SERVER' | 'PRODUCER' | 'CONSUMER'
  timestamp: number
  duration?: number
  localEndpoint: { serviceName: string }
  tags?: Record<string, string>
}

/** A span as `kind service: name`; a span inside a service has no kind. */
export const titleOf = ({ kind, localEndpoint, name }: Span): string =>
  `${kind ? `${kind} ` : ''}${localEndpoint.serviceName}: ${name}`

/**
 * A client that records its own span, as an instrumented browser or ingress does. Every request of the shop must
 * continue this span's trace.
 */
export function createTraceClient(viewer = zipkin) {
  const [traceId, id] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
  const startedAt = Date.now()
  return {
    traceId,
    traceparent: `00-${traceId}-${id}-01`,
    async end(): Promise<void> {
      const span: Span = {
        ...{ traceId, id, name: 'click buy', kind: 'CLIENT', timestamp: startedAt * 1000 },
        duration: (Date.now() - startedAt) * 1000,
        localEndpoint: { serviceName: 'browser' },
      }
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify([span])
      const answer = await fetch(`${viewer}/api/v2/spans`, { method: 'POST', headers, body })
      if (!answer.ok) throw new Error(`Zipkin answered ${answer.status}`)
    },
  }
}

/** Milliseconds; sidecars export their spans every 5 s. */
const exportedMs = 6_000

/** Waits until a trace contains these spans and grows no more. Returns all spans. */
export async function traceWith(
  traceId: string,
  titles: readonly string[],
  viewer = zipkin,
): Promise<Span[]> {
  let [spans, missing]: [Span[], string[]] = [[], []]
  let [count, since] = [0, Date.now()]
  const isComplete = async () => {
    const answer = await fetch(`${viewer}/api/v2/trace/${traceId}`)
    spans = answer.ok ? ((await answer.json()) as Span[]) : []
    const found = spans.map(titleOf)
    missing = titles.filter((title) => !found.includes(title))
    if (spans.length !== count) [count, since] = [spans.length, Date.now()]
    return missing.length === 0 && Date.now() - since > exportedMs
  }
  await until('the trace is complete', isComplete, 60_000).catch((error: Error) => {
    throw new Error(`${error.message}; missing: ${missing.join(', ')}\n${drawn(spans)}`)
  })
  return spans
}

/** Returns the titles of a span and of its ancestors, the root last. */
export function pathOf(span: Span, spans: readonly Span[]): string[] {
  const parent = spans.find(({ id }) => id === span.parentId)
  return [titleOf(span), ...(parent ? pathOf(parent, spans) : [])]
}

/** Returns the spans whose parent is not in the trace. */
export const orphansOf = (spans: readonly Span[]): string[] =>
  spans.filter(({ parentId }) => parentId && !spans.some(({ id }) => id === parentId)).map(titleOf)

/** Returns a trace as an indented text, for the message of a failed test. */
export function drawn(spans: readonly Span[], parentId?: string, depth = 0): string {
  return spans
    .filter((span) => span.parentId === parentId)
    .toSorted((one, other) => one.timestamp - other.timestamp)
    .map((span) => `${'  '.repeat(depth)}${titleOf(span)}\n${drawn(spans, span.id, depth + 1)}`)
    .join('')
}
