import { timingSafeEqual } from 'node:crypto'
import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import { SpanKind } from '@opentelemetry/api'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { requestId } from 'hono/request-id'
import { routePath } from 'hono/route'
import { secureHeaders } from 'hono/secure-headers'
import { commonProblems, fieldErrors, Problem, type ProblemKind } from '../contract/problem.ts'
import { Fault, Refusal, refused } from '../core/errors.ts'
import type { Log } from '../observability/log.ts'
import { registry, requestSeconds } from '../observability/metrics.ts'
import { createSecurityLog, type SecurityEvent } from '../observability/security-log.ts'
import { inSpan } from '../observability/telemetry.ts'
import type { Identity } from './authentication.ts'
import { clientAddressHeader, networkOf, peerAddress } from './client-address.ts'
import { noBodyToRead, onlyKnown } from './strict-request.ts'

export type AppEnv = { Variables: { requestId: string; identity: Identity } }
export type App = OpenAPIHono<AppEnv>

export type AppOptions = {
  name: string
  log: Log
  /** How this service's refusals look over HTTP; the common ones are known. */
  problems?: Record<string, ProblemKind>
  /** The token by which the sidecar shows itself. Without one everybody may call: only for the gateway's public port and tests. */
  appToken?: string
  /** Where the port is public: `/metrics` answers only who sends this as `dapr-api-token`. */
  metricsToken?: string | undefined
  /** Requests under way at once; more are answered 503, before anything is done for them. */
  maxInFlight?: number
  /** Without a token: bodies that may be on their way from one address at once; more are answered 429. */
  maxArrivingPerAddress?: number
  /** Bytes; larger bodies are answered 413. */
  maxBodyBytes?: number
  /**
   * Which request paths are served, by their raw text; others are answered 400. Unless told: those that are routed as
   * they are written, so that anyone who let a request pass by its path saw the path that is served.
   */
  accepts?: (rawPath: string, routedPath: string) => boolean
  /** Rejects when the service cannot do its work. */
  ready?: () => Promise<void>
  /** The API document, instead of the one of this app's own routes. */
  document?: () => Promise<object>
}

/** The OpenAPI 3.1 document of an app's routes; every operation can also answer a problem. */
export function documentOf(app: App, title: string): OpenApiDocument {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  })
  app.openAPIRegistry.register('Problem', Problem)
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title, version: '1.0.0' },
  }) as OpenApiDocument
  const problem = {
    description: 'Problem',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) operation.responses.default ??= problem
  }
  return document
}

export type OpenApiDocument = {
  openapi: string
  info: { title: string; version: string; description?: string }
  paths: Record<string, Record<string, { tags?: string[]; responses: Record<string, unknown> }>>
  components?: Record<string, Record<string, unknown>>
}

/** Paths that the machine, not a caller, asks for. */
const probes = ['/healthz', '/readyz', '/metrics']

/**
 * A Hono app with everything that all services share: request id, trace, metrics, secure headers, body limit,
 * sidecar token, RFC 9457 problems for every refusal and fault, 405 with `Allow`, `/healthz`, `/readyz`,
 * `/metrics` and `/openapi.json`.
 *
 * @example const app = createApp({ name: 'orders', log, problems: { 'order-already-shipped': { status: 409, title: '…' } } })
 */
export function createApp(options: AppOptions): App {
  const { name, log, maxInFlight = 200, maxBodyBytes = 256 * 1024, accepts = asWritten } = options
  const { maxArrivingPerAddress = 512 } = options
  const kinds: Record<string, ProblemKind> = { ...commonProblems, ...options.problems }
  const app: App = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const errors = fieldErrors(result.error)
      throw refused(
        'invalid-request',
        errors.map(({ field, message }) => `${field}: ${message}`).join('; '),
        { errors },
      )
    },
  })

  const openapi = app.openapi.bind(app) as (route: RouteConfig, ...rest: never[]) => App
  app.openapi = ((route: RouteConfig, ...rest: never[]) =>
    openapi(
      { ...route, middleware: [onlyKnown(route), route.middleware ?? []].flat() },
      ...rest,
    )) as App['openapi']

  app.use(requestId({ limitLength: 128 }))
  app.use(instrumentation(log))
  // a sidecar is no browser, and the door passes none of them on
  if (!options.appToken)
    app.use(secureHeaders({ xFrameOptions: 'DENY', permissionsPolicy }), closed)
  app.use(keptByNobody)
  app.use(unambiguous(accepts))
  app.use(machineOnly)
  if (options.appToken) {
    app.use(bounded(maxInFlight))
    app.use(requireSidecarToken(options.appToken))
    app.use(limitBody(maxBodyBytes))
  } else {
    // from a sidecar a request comes whole; from a network it comes as slowly as its client likes
    app.use(limitBody(maxBodyBytes))
    app.use(arrived(maxArrivingPerAddress))
    app.use(bounded(maxInFlight))
  }
  app.use(noBodyToRead)

  const security = createSecurityLog(log)
  /** The gateway sees its clients; everybody else is told their addresses by the gateway. */
  const sourceOf = (c: Context<AppEnv>) =>
    options.appToken ? c.req.header(clientAddressHeader) : peerAddress(c)

  const asked = (c: Context<AppEnv>) => ({
    userId: c.get('identity')?.userId,
    sourceIp: sourceOf(c),
    method: c.req.method,
    path: c.req.path.slice(0, 200),
    requestId: c.get('requestId'),
  })

  // the gateway only passes on what a service does and writes down
  if (options.appToken)
    app.use(async function operatorActions(c, next) {
      await next()
      const isAction = !bodiless.includes(c.req.method) && c.res.status < 400
      if (isAction && c.get('identity')?.role === 'operator')
        security('authz_admin', { ...asked(c), status: c.res.status })
    })

  app.get('/healthz', (c) => c.json({ status: 'alive' }))
  app.get('/readyz', async (c) => {
    await options.ready?.()
    return c.json({ status: 'ready' })
  })
  app.get('/metrics', async (c) => {
    const { metricsToken } = options
    if (metricsToken !== undefined && !hasToken(c, Buffer.from(metricsToken)))
      throw notFound(c.req.path, [])
    return c.text(await registry.metrics(), 200, { 'content-type': registry.contentType })
  })
  app.get('/openapi.json', async (c) =>
    c.json(await (options.document ?? (async () => documentOf(app, name)))()),
  )

  app.notFound((c) => {
    const refusal = notFound(c.req.path, allowedMethods(app, c.req.path))
    return problem(c, refusal, headersFor(refusal))
  })
  app.onError((error, c) => {
    if (error instanceof Refusal) {
      const { status, event = eventFor[status] } = kinds[error.code] ?? refusedOtherwise
      if (event) security(event, { ...asked(c), status, code: error.code })
      return problem(c, error, headersFor(error))
    }
    if (error instanceof HTTPException)
      return problem(
        c,
        refused(error.status === 415 ? 'unsupported-media-type' : 'invalid-request', error.message),
      )
    const requestId = c.get('requestId')
    if (error instanceof Fault) {
      log.warn(
        {
          err: { code: error.code, message: error.message, cause: String(error.cause ?? '') },
          path: c.req.path,
          requestId,
        },
        'fault',
      )
      const code = error.code in kinds ? error.code : 'unavailable'
      return problem(c, refused(code, 'A part of the shop is not answering; try again.'), {
        'retry-after': '1',
      })
    }
    log.error({ err: error, path: c.req.path, requestId }, 'unexpected error')
    return problem(c, refused('internal', 'The fault was logged under this request id.'))
  })

  function problem(
    c: Context<AppEnv>,
    refusal: Refusal,
    headers: Record<string, string> = {},
  ): Response {
    const kind = kinds[refusal.code] ?? refusedOtherwise
    const document: Problem = {
      type: `https://sidecart.example/problems/${refusal.code}`,
      title: kind.title,
      status: kind.status,
      code: refusal.code,
      detail: refusal.message,
      instance: c.req.path,
      requestId: c.get('requestId'),
      ...refusal.extra,
    }
    return c.body(JSON.stringify(document), kind.status, {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...headers,
    })
  }
  return app
}

const refusedOtherwise: ProblemKind = { status: 409, title: 'Refused' }

/** What an answer means to the security log; a service may know better. */
const eventFor: Partial<Record<ProblemKind['status'], SecurityEvent>> = {
  401: 'authz_fail',
  403: 'authz_fail',
  429: 'excess_rate_limit_exceeded',
}

function headersFor({ code, extra }: Refusal): Record<string, string> {
  if (code === 'unauthenticated') return { 'www-authenticate': 'Bearer' }
  if (code === 'method-not-allowed') return { allow: String(extra.allow) }
  if (code === 'body-too-large') return { 'retry-after': '0' }
  if (extra.retryAfterSeconds) return { 'retry-after': String(extra.retryAfterSeconds) }
  return {}
}

/** 405 when the path takes other methods, else 404. */
export function notFound(path: string, allowed: readonly string[]): Refusal {
  if (allowed.length === 0) return refused('not-found', `There is nothing at ${path}.`)
  const allow = allowed.join(', ')
  return refused('method-not-allowed', `${path} takes ${allow}.`, { allow })
}

const permissionsPolicy = { camera: [], geolocation: [], microphone: [], payment: [], usb: [] }

/** Pages and pictures say what they may load; everything else may load nothing, wherever it is opened. */
const closed: MiddlewareHandler<AppEnv> = async function closed(c, next) {
  await next()
  if (c.res.headers.has('content-security-policy')) return
  const isPicture = c.res.headers.get('content-type')?.startsWith('image/svg+xml')
  const styles = isPicture ? " style-src 'unsafe-inline';" : ''
  c.header('content-security-policy', `default-src 'none';${styles} frame-ancestors 'none'`)
}

/** What somebody signed in was answered is nobody else's: no cache keeps it, unless the route says otherwise. */
const keptByNobody: MiddlewareHandler<AppEnv> = async function keptByNobody(c, next) {
  await next()
  if (c.req.header('authorization') && !c.res.headers.has('cache-control'))
    c.header('cache-control', 'no-store')
}

/** What the sidecar adds to every call of another app, and to nothing else that it brings. */
const invocationHeaders = ['dapr-caller-app-id', 'dapr-callee-app-id', 'dapr-caller-namespace']

/**
 * Whether another app asks through its sidecar; a delivery from the broker and a probe are no invocations. A header that
 * is forged cannot turn an invocation into a delivery. An app with a sidecar of its own could have them taken away, by
 * naming them in `Connection`; what such an app may call at all is decided by the access lists.
 */
export const isInvocation = (c: Context): boolean =>
  invocationHeaders.some((name) => c.req.header(name) !== undefined)

/** Probes and metrics are for this machine: another app's call of them finds nothing. */
const machineOnly: MiddlewareHandler<AppEnv> = async function machineOnly(c, next) {
  if (isInvocation(c) && probes.includes(c.req.path)) throw notFound(c.req.path, [])
  await next()
}

/**
 * Refuses a path that reads differently here than it did on the way: access lists compare text, but a URL collapses
 * `%2e%2e` and a router decodes.
 */
function unambiguous(accepts: NonNullable<AppOptions['accepts']>): MiddlewareHandler<AppEnv> {
  return async function unambiguous(c, next) {
    if (!accepts(rawPathOf(c), c.req.path))
      throw refused('invalid-request', 'The path has characters or segments that no path here has.')
    await next()
  }
}

/** As Node received it; a request that was made in this process has only its URL. */
function rawPathOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: { url?: string } }
  const [path = ''] = (incoming?.url ?? c.req.url.slice(c.req.url.indexOf('/', 8))).split('?')
  return path
}

/** Whether the routed path, encoded once, is the raw one. */
function asWritten(rawPath: string, routedPath: string): boolean {
  if (rawPath === routedPath) return !rawPath.includes('%')
  try {
    return encodeURI(routedPath) === rawPath
  } catch {
    return false
  }
}

function instrumentation(log: Log): MiddlewareHandler<AppEnv> {
  return async function observed(c, next) {
    if (probes.includes(c.req.path)) return next()
    const startedAt = performance.now()
    await inSpan(
      `${c.req.method} ${c.req.path}`,
      { kind: SpanKind.SERVER, parent: c.req.header('traceparent') },
      next,
    )
    // crash point: before answering ${c.req.method} ${routePath(c, -1)}
    // crash point: soon after answering ${c.req.method}
    const seconds = (performance.now() - startedAt) / 1000
    const route = routePath(c, -1)
    requestSeconds.observe({ method: c.req.method, route, status: String(c.res.status) }, seconds)
    log.debug(
      {
        method: c.req.method,
        path: c.req.path,
        status: c.res.status,
        ms: Math.round(seconds * 1000),
        requestId: c.get('requestId'),
      },
      'request',
    )
  }
}

/**
 * Waits for the whole body before the request counts as under way, so that slow clients keep nobody else out. How long a
 * body may take is the server's limit.
 */
function arrived(most: number): MiddlewareHandler<AppEnv> {
  const arriving = new Map<string, number>()
  return async function arrived(c, next) {
    if (bodiless.includes(c.req.method)) return next()
    const address = networkOf(peerAddress(c))
    const others = arriving.get(address) ?? 0
    if (others >= most)
      throw refused('too-many-requests', 'Too many of your requests are still on their way.', {
        retryAfterSeconds: 1,
      })
    arriving.set(address, others + 1)
    try {
      await c.req.arrayBuffer()
    } catch (error) {
      if (error instanceof Refusal) throw error
      throw refused('invalid-request', 'The body did not arrive.')
    } finally {
      const left = (arriving.get(address) ?? 1) - 1
      if (left > 0) arriving.set(address, left)
      else arriving.delete(address)
    }
    await next()
  }
}

/** What waits inside costs more than what waits outside: beyond what can be served soon, callers are told to come back. */
function bounded(most: number): MiddlewareHandler<AppEnv> {
  let underWay = 0
  return async function bounded(c, next) {
    if (probes.includes(c.req.path)) return next()
    if (underWay >= most) throw overloaded()
    underWay += 1
    try {
      await next()
    } finally {
      underWay -= 1
    }
  }
}

/** Nothing was done, and nothing is wrong with the request. */
export const overloaded = (): Refusal =>
  refused('overloaded', 'The shop is busy; try again in a moment.', { retryAfterSeconds: 1 })

/**
 * Hono's own limit looks at the body even when there is none or its length was emitted, and so turns every request
 * of Node into one of `fetch`: that takes as long as all the rest of a small request.
 */
function limitBody(maxBytes: number): MiddlewareHandler<AppEnv> {
  const tooLarge = () => refused('body-too-large', `At most ${maxBytes} bytes.`)
  const counted = bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw tooLarge()
    },
  })
  return async function limited(c, next) {
    const length = c.req.header('content-length')
    const isAnnounced = length !== undefined && c.req.header('transfer-encoding') === undefined
    if (!isAnnounced && !bodiless.includes(c.req.method)) return counted(c, next)
    if (Number(length ?? 0) > maxBytes) throw tooLarge()
    await next()
  }
}

const bodiless = ['GET', 'HEAD']

function hasToken(c: Context, expected: Buffer): boolean {
  const given = Buffer.from(c.req.header('dapr-api-token') ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function requireSidecarToken(appToken: string): MiddlewareHandler<AppEnv> {
  const expected = Buffer.from(appToken)
  return async function requireSidecarToken(c, next) {
    if (probes.includes(c.req.path)) return next()
    if (!hasToken(c, expected)) throw refused('forbidden', 'Call this service through its sidecar.')
    await next()
  }
}

function allowedMethods(app: App, path: string): string[] {
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => {
    const [matched] = app.router.match(method, path)
    return matched.some((entry) => {
      const [, route] = entry[0] as unknown as [unknown, { method: string; path: string }]
      return route.method === method && !route.path.endsWith('*')
    })
  })
}
