import { SpanKind } from '@opentelemetry/api'
import { describeReply, inChildSpan } from '../observability/telemetry.ts'
import type { Invocation, Reply } from './sidecar.ts'

/** Runs one attempt of a call to another service in a client span, named by the route's template. */
export function inCallSpan(call: Invocation, send: () => Promise<Reply>): Promise<Reply> {
  const { app, method } = call
  // written as in the span of the server
  const route = call.route?.replaceAll(/\{(\w+)\}/g, ':$1')
  const attributes = {
    'http.request.method': method,
    'server.address': app,
    'service.peer.name': app,
    ...(route && { 'url.template': route }),
  }
  const name = route ? `${method} ${route}` : method
  return inChildSpan(name, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const reply = await send()
    if (span) describeReply(span, reply.status)
    return reply
  })
}

/** Runs a request to a state store in a client span. The key is not recorded: it may name a person. */
export function inStateSpan<T>(
  operation: 'get' | 'save' | 'delete',
  store: string,
  ask: () => Promise<T>,
): Promise<T> {
  const attributes = { 'db.operation.name': operation, 'db.namespace': store }
  return inChildSpan(`${operation} ${store}`, { kind: SpanKind.CLIENT, attributes }, ask)
}
