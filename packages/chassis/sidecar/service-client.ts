import type { RouteConfig, z } from '@hono/zod-openapi'
import { Problem } from '../contract/problem.ts'
import { Fault, type Refusal, refused } from '../core/errors.ts'
import type { Sidecar } from './sidecar.ts'

type Json<S> = { content: { 'application/json': { schema: S } } }
type Input<R extends RouteConfig> = (R['request'] extends { params: infer P extends z.ZodType }
  ? { params: z.input<P> }
  : unknown) &
  (R['request'] extends { query: infer Q extends z.ZodType } ? { query: z.input<Q> } : unknown) &
  (R['request'] extends { body: Json<infer B extends z.ZodType> } ? { body: z.input<B> } : unknown)
type Output<R extends RouteConfig> = R['responses'] extends { 200: Json<infer S extends z.ZodType> }
  ? z.output<S>
  : undefined

/**
 * Calls a route of another service's contract through the sidecar, typed by that contract.
 *
 * @example const answer = await call(sidecar, 'catalog', catalogRoutes.reserve, { params: { orderId }, body: { lines
 * } })
 * @throws Refusal when the callee refuses (4xx), with the callee's code
 * @throws Fault when the outcome is unknown: no response, 429, 5xx, or a response that violates the contract
 */
export async function callService<R extends RouteConfig>(
  sidecar: Sidecar,
  app: string,
  route: R,
  input: Input<R>,
  options: { timeoutMs?: number; headers?: Record<string, string> } = {},
): Promise<Output<R>> {
  const { params, query, body } = input as {
    params?: Record<string, string>
    query?: Record<string, string>
    body?: unknown
  }
  const { headers = {}, timeoutMs } = options
  // crash point: before calling ${app} ${route.method.toUpperCase()} ${route.path}
  const reply = await sidecar.invoke({
    app,
    method: route.method.toUpperCase(),
    path: pathOf(route.path, params, query),
    route: route.path,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  // crash point: after calling ${app} ${route.method.toUpperCase()} ${route.path}
  const payload = parse(reply.body)
  if (reply.status >= 400) throw failure(app, reply.status, payload)
  return contracted(app, route, payload) as Output<R>
}

/**
 * Returns a refusal for a 4xx problem of the callee; any other error (also a 4xx by the sidecar) leaves the outcome
 * unknown.
 */
function failure(app: string, status: number, payload: unknown): Refusal | Fault {
  const problem = Problem.safeParse(payload)
  if (problem.success && status < 500 && status !== 429) {
    return refused(problem.data.code, problem.data.detail ?? problem.data.title)
  }
  return new Fault('unavailable', `${app} answered ${status}: ${JSON.stringify(payload)}`)
}

function contracted(app: string, route: RouteConfig, payload: unknown): unknown {
  const schema = (route.responses[200] as Json<z.ZodType> | undefined)?.content?.[
    'application/json'
  ]?.schema
  if (!schema) return undefined
  const result = schema.safeParse(payload)
  if (result.success) return result.data
  throw new Fault(
    'contract-broken',
    `${app} broke its contract at ${route.path}: ${result.error.message}`,
  )
}

function pathOf(
  template: string,
  params: Record<string, string> = {},
  query: Record<string, string> = {},
): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )
  const search = new URLSearchParams(query).toString()
  return search ? `${path}?${search}` : path
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}
