import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { requestId } from 'hono/request-id'
import { routePath } from 'hono/route'
import { secureHeaders } from 'hono/secure-headers'
import { commonProblems, fieldErrors, Problem, type ProblemKind } from '../contract/problem.ts'
import { isEqual } from '../core/equal.ts'
import { Fault, Refusal, refused } from '../core/errors.ts'
import type { Log } from '../observability/log.ts'
import { registry, requestSeconds } from '../observability/metrics.ts'
import { createSecurityLog, type SecurityEvent } from '../observability/security-log.ts'
import { inSpan } from '../observability/telemetry.ts'
import type { Identity } from './authentication.ts'
import { clientAddressHeader, networkOf } from './client-address.ts'
import { noBodyToRead, onlyKnown } from './strict-request.ts'
import { clientOf, noProxies, type TrustedProxies } from './trusted-proxies.ts'

export type AppEnv = {
  Variables: {
    requestId: string
    identity: Identity
    /** The route's template, where a proxy knows a better one than its own route. */
    route: string
  }
}
export type App = OpenAPIHono<AppEnv>

export type AppOptions = {
  name: string
  log: Log
  /** HTTP representations of this service's own refusals; the common ones are built in. */
  problems?: Record<string, ProblemKind>
  /**
   * Token that the sidecar must send. Without a token every caller is accepted: only for the gateway's public port
   * and tests.
   */
  appToken?: string
  /** On a public port: the token required to read `/metrics`. */
  metricsToken?: string | undefined
  /** Maximum concurrent requests; further requests get 503 before any work is done. */
  maxInFlight?: number
  /** Without a token: maximum concurrent uploads per client address; further ones get 429. */
  maxArrivingPerAddress?: number
  /** On a public port: proxies believed about the address of their clients. Default: none. */
  trustedProxies?: TrustedProxies | undefined
  /** Bytes; larger bodies get 413. */
  maxBodyBytes?: number
  /**
   * Decides from the raw text of a path whether the path is served; others get 400. Default: paths routed exactly as
   * written, so that a proxy filtering by path has checked the path served here.
   */
  accepts?: (rawPath: string, routedPath: string) => boolean
  /** Rejects when the service is not ready. */
  ready?: () => Promise<void>
  /** Returns the API document; default: the document of this app's own routes. */
  document?: () => Promise<object>
  /** Returns the methods of a path served by another app; none when the path is unknown. */
  methodsElsewhere?: (path: string) => Promise<readonly string[]>
}

/** Returns the OpenAPI 3.1 document of an app's routes; every operation may also return a problem. */
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

/** Paths requested by the machine, not by callers. */
const probes = ['/healthz', '/readyz', '/metrics']

/**
 * Creates a Hono app with everything shared by all services: request id, trace, metrics, secure headers, body limit,
 * sidecar token, RFC 9457 problems for every refusal and fault, 405 with `Allow`, `/healthz`, `/readyz`, `/metrics`
 * and `/openapi.json`.
 *
 * @example const app = createApp({ name: 'orders', log, problems: { 'order-already-shipped': { status: 409, title:
 * '…' } } })
 */
export function createApp(options: AppOptions): App {
  const { name, log, maxInFlight = 200, maxBodyBytes = 256 * 1024, accepts = asWritten } = options
  const { maxArrivingPerAddress = 512, trustedProxies = noProxies } = options
  const appToken = options.appToken ? Buffer.from(options.appToken) : undefined
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
  // only for public ports: a sidecar is not a browser, and the gateway does not pass these headers on
  if (!options.appToken)
    app.use(
      secureHeaders({ xFrameOptions: 'DENY', strictTransportSecurity, permissionsPolicy }),
      closed,
    )
  app.use(keptByNobody)
  app.use(unambiguous(accepts))
  app.use(machineOnly)
  if (appToken) {
    app.use(bounded(maxInFlight))
    app.use(requireSidecarToken(appToken))
    app.use(limitBody(maxBodyBytes))
  } else {
    // a sidecar delivers whole requests, but a client on the network may send slowly: read the body before counting
    // the request
    app.use(limitBody(maxBodyBytes))
    app.use(arrived(maxArrivingPerAddress, trustedProxies))
    app.use(bounded(maxInFlight))
  }
  app.use(noBodyToRead({ isPublic: !appToken }))

  const security = createSecurityLog(log)
  /** The gateway knows the client from the connection and trusted proxies; other services read the gateway's header. */
  const sourceOf = (c: Context<AppEnv>) =>
    options.appToken ? c.req.header(clientAddressHeader) : clientOf(c, trustedProxies).address

  const asked = (c: Context<AppEnv>) => ({
    userId: c.get('identity')?.userId,
    sourceIp: sourceOf(c),
    method: c.req.method,
    path: c.req.path.slice(0, 200),
    requestId: c.get('requestId'),
  })

  // actions are logged by the service, not by the gateway
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
    const needsToken = !appToken && metricsToken !== undefined
    if (needsToken && !mayReadMetrics(c, Buffer.from(metricsToken))) throw notFound(c.req.path, [])
    return c.text(await registry.metrics(), 200, { 'content-type': registry.contentType })
  })
  app.get('/openapi.json', async (c) =>
    c.json(await (options.document ?? (async () => documentOf(app, name)))()),
  )

  /**
   * Returns a refusal of the method instead of a refusal of the caller or the input, if the path lacks the method: no
   * sign-in and no other body would help.
   */
  async function methodFirst(c: Context<AppEnv>, refusal: Refusal): Promise<Refusal> {
    const { method, path } = c.req
    if (!lessThanMethod.includes(refusal.code) || !accepts(rawPathOf(c), path)) return refusal
    if (appToken && !hasToken(c, appToken)) return refusal
    const elsewhere = (await options.methodsElsewhere?.(path)) ?? []
    const allowed = [...new Set([...allowedMethods(app, path), ...elsewhere])]
    const isMissing = allowed.length > 0 && !allowed.includes(method === 'HEAD' ? 'GET' : method)
    return isMissing ? notFound(path, allowed) : refusal
  }

  app.notFound((c) => {
    const refusal = notFound(c.req.path, allowedMethods(app, c.req.path))
    return problem(c, refusal, headersFor(refusal))
  })
  app.onError(async (thrown, c) => {
    const error = thrown instanceof Refusal ? await methodFirst(c, thrown) : thrown
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

/** Codes of refusals that a missing method precedes. */
const lessThanMethod = ['unauthenticated', 'forbidden', 'invalid-request']

const refusedOtherwise: ProblemKind = { status: 409, title: 'Refused' }

/** Default security event per status; a refusal may override the default. */
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

/** Returns 405 when the path has other methods, else 404. */
export function notFound(path: string, allowed: readonly string[]): Refusal {
  if (allowed.length === 0) return refused('not-found', `There is nothing at ${path}.`)
  const allow = allowed.join(', ')
  return refused('method-not-allowed', `${path} takes ${allow}.`, { allow })
}

/** A year, the least that ASVS accepts. */
const strictTransportSecurity = 'max-age=31536000; includeSubDomains'

const permissionsPolicy = { camera: [], geolocation: [], microphone: [], payment: [], usb: [] }

/** Sets a content security policy: pages and pictures have their own, any other response may load nothing. */
const closed: MiddlewareHandler<AppEnv> = async function closed(c, next) {
  await next()
  if (c.res.headers.has('content-security-policy')) return
  const isPicture = c.res.headers.get('content-type')?.startsWith('image/svg+xml')
  const styles = isPicture ? " style-src 'unsafe-inline';" : ''
  c.res.headers.set(
    'content-security-policy',
    `default-src 'none';${styles} base-uri 'none'; frame-ancestors 'none'`,
  )
}

/**
 * Forbids caching of responses to signed-in callers, unless the route sets `cache-control`. `c.header` would build the
 * response again, as a stream.
 */
const keptByNobody: MiddlewareHandler<AppEnv> = async function keptByNobody(c, next) {
  await next()
  if (c.req.header('authorization') && !c.res.headers.has('cache-control'))
    c.res.headers.set('cache-control', 'no-store')
}

/** Headers added by the sidecar to calls of other apps only, not to deliveries or probes. */
const invocationHeaders = ['dapr-caller-app-id', 'dapr-callee-app-id', 'dapr-caller-namespace']

/**
 * Returns whether the request is a call by another app through the sidecar; deliveries from the broker and probes are
 * not. A forged header cannot turn an invocation into a delivery. An app with a sidecar could have the headers
 * removed by naming them in `Connection`; the access lists limit the paths open to such an app.
 */
export const isInvocation = (c: Context): boolean =>
  invocationHeaders.some((name) => c.req.header(name) !== undefined)

/** Hides probes and metrics from other apps; only the local machine may read these paths. */
const machineOnly: MiddlewareHandler<AppEnv> = async function machineOnly(c, next) {
  return probes.includes(c.req.path) ? neverInvoked(c, next) : next()
}

/**
 * Middleware: hides routes from other apps. They are for the owner of the machine, who reads the token of the app from
 * its file and calls the app itself.
 *
 * @example app.use('/internal/operators/*', neverInvoked)
 */
export const neverInvoked: MiddlewareHandler<AppEnv> = async function neverInvoked(c, next) {
  if (isInvocation(c)) throw notFound(c.req.path, [])
  await next()
}

/**
 * Refuses a path with a different meaning here than at an earlier hop: access lists compare text, but a URL collapses
 * `%2e%2e` and a router decodes.
 */
function unambiguous(accepts: NonNullable<AppOptions['accepts']>): MiddlewareHandler<AppEnv> {
  return async function unambiguous(c, next) {
    if (!accepts(rawPathOf(c), c.req.path))
      throw refused('invalid-request', 'The path has characters or segments that no path here has.')
    await next()
  }
}

/** Returns the path as received by Node; a request created in this process has only a URL. */
function rawPathOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: { url?: string } }
  const [path = ''] = (incoming?.url ?? c.req.url.slice(c.req.url.indexOf('/', 8))).split('?')
  return path
}

/** Returns whether the routed path, encoded once, equals the raw path. */
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
    const { method } = c.req
    const attributes = { 'http.request.method': method, 'url.scheme': 'http' }
    const parent = c.req.header('traceparent')
    await inSpan(method, { kind: SpanKind.SERVER, parent, attributes }, async (span) => {
      await next()
      if (span.isRecording()) describeResponse(span, method, routeOf(c), c.res.status)
      const { status } = c.res
      const seconds = (performance.now() - startedAt) / 1000
      requestSeconds.observe({ method, route: routeOf(c), status: String(status) }, seconds)
      const path = c.req.path.slice(0, 200)
      const ms = Math.round(seconds * 1000)
      // a flood is counted by the metrics and does not drive other lines out of the log
      if (status !== 429)
        log.info({ method, path, status, ms, requestId: c.get('requestId') }, 'request')
    })
    // crash point: before answering ${c.req.method} ${routePath(c, -1)}
    // crash point: soon after answering ${c.req.method}
  }
}

/** Returns the template of the matched route, such as `/orders/:orderId`: its values are few, those of a path are not. */
const routeOf = (c: Context<AppEnv>): string => c.get('route') ?? routePath(c, -1)

/** Names a server span by its route, as the semantic conventions ask. Only a 5xx is a failure of the server. */
function describeResponse(span: Span, method: string, route: string, status: number): void {
  span.updateName(`${method} ${route}`)
  span.setAttributes({ 'http.route': route, 'http.response.status_code': status })
  if (status < 500) return
  span.setAttribute('error.type', String(status))
  span.setStatus({ code: SpanStatusCode.ERROR, message: String(status) })
}

/**
 * Waits for the whole body before the request counts as in flight, so slow clients block nobody else. The server
 * limits the upload time.
 */
function arrived(most: number, trustedProxies: TrustedProxies): MiddlewareHandler<AppEnv> {
  const arriving = new Map<string, number>()
  return async function arrived(c, next) {
    if (bodiless.includes(c.req.method)) return next()
    const address = networkOf(clientOf(c, trustedProxies).address)
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

/**
 * Sheds load: beyond `most` concurrent requests, further ones get 503. Queueing inside the service costs more than a
 * retry by the caller.
 */
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

/** The request was valid and had no effect. */
export const overloaded = (): Refusal =>
  refused('overloaded', 'The shop is busy; try again in a moment.', { retryAfterSeconds: 1 })

/**
 * Limits the body size. Hono's own limit reads the body even if absent or of known length, and so converts every Node
 * request into a `fetch` request, which doubles the cost of a small request.
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

const hasToken = (c: Context, expected: Buffer): boolean =>
  isEqual(Buffer.from(c.req.header('dapr-api-token') ?? ''), expected)

/** Prometheus can send a token only as `Authorization: Bearer`. */
function mayReadMetrics(c: Context, expected: Buffer): boolean {
  const [, bearer = ''] = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  return hasToken(c, expected) || isEqual(Buffer.from(bearer), expected)
}

function requireSidecarToken(expected: Buffer): MiddlewareHandler<AppEnv> {
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
