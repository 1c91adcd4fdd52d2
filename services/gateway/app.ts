import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serveStatic } from '@hono/node-server/serve-static'
import { Fault, refused } from '@sidecart/chassis/core/errors.ts'
import { type App, type AppEnv, createApp, notFound } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { clientAddressHeader } from '@sidecart/chassis/http/client-address.ts'
import { clientOf, noProxies, type TrustedProxies } from '@sidecart/chassis/http/trusted-proxies.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { createSecurityLog } from '@sidecart/chassis/observability/security-log.ts'
import { isPlainPath } from '@sidecart/chassis/sidecar/plain-path.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import type { Context, MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import { cors } from 'hono/cors'
import { docsPage, docsScript } from './docs-page.ts'
import { createOpenApiMerge, methodsOf } from './openapi-merge.ts'
import { passToSupervisor, type Supervisor } from './operations-proxy.ts'
import { createOverloadCache } from './overload-cache.ts'
import { createAdmission } from './rate-limit.ts'
import { templateOf } from './route-templates.ts'
import { ownerOf, services } from './routing.ts'
import { bodyWithoutSession, bodyWithSession } from './session-cookie.ts'
import type { CountEverywhere } from './shared-limit.ts'
import { serveWebApp } from './web-app.ts'

/** Adds routes that the gateway answers itself. */
export type OwnRoutes = (
  app: App,
  gateway: Pick<GatewayPorts, 'sidecar' | 'maxInFlight'> & {
    stopping: AbortSignal | undefined
    /** Runs `answer` unless the client exceeds the rate limit or lacks a required sign-in. */
    admitted<T>(c: Context<AppEnv>, answer: () => Promise<T>): Promise<T>
  },
) => void

export type GatewayPorts = {
  sidecar: Sidecar
  verify: Verifier
  log: Log
  /** Requests per second allowed per signed-in user, and per network for all other requests. */
  ratePerSecond: number
  /** Counts requests for all gateways together. Default: each process counts for itself. */
  countEverywhere?: CountEverywhere | undefined
  /** Maximum concurrent requests; further ones get 503. */
  maxInFlight: number
  /** Origins allowed to call the API from pages; empty: same origin only. */
  origins: readonly string[]
  /** Folder of the built web app. */
  webRoot: string
  /** The supervisor of the shop's processes; missing: no supervisor, or not reachable. */
  supervisor?: Supervisor | undefined
  stopping?: AbortSignal
  /** Token for `/metrics`, for the monitoring of this shop. */
  metricsToken?: string
  /** Proxies believed about the address and the scheme of their clients. Default: none. */
  trustedProxies?: TrustedProxies
  /** The shop is served over TLS, whatever a trusted proxy says. */
  isSecure?: boolean
  ownRoutes?: OwnRoutes
  /** Paths with large responses, which are compressed. */
  compressed?: readonly string[]
}

const passedOn = [
  'content-type',
  'accept',
  'authorization',
  'idempotency-key',
  'if-match',
  'if-none-match',
]
const passedBack = [
  'content-type',
  'cache-control',
  'etag',
  'location',
  'allow',
  'retry-after',
  'www-authenticate',
]
/** Methods of any route; another method gets 405 before a sign-in is required. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const explorerFolder = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
/** Files of the package used by the page: not the package's own pages, sources and source maps. */
const explorerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']
/** Milliseconds; longer than any time-out of a service, so that the service's own response arrives. */
const timeoutMs = 8_000

/** The only public entry point: routes by the first path segment to the owning service, through the sidecar. */
export function createGatewayApp(ports: GatewayPorts): App {
  const { sidecar, verify, log, ratePerSecond, maxInFlight, origins, webRoot, stopping } = ports
  const { trustedProxies = noProxies } = ports
  const documents = createOpenApiMerge(sidecar, services, log)
  const app = createApp({
    log,
    name: 'gateway',
    maxInFlight,
    document: documents,
    accepts: isPlainPath,
    methodsElsewhere: async (path) =>
      ownerOf(path) && !path.endsWith('/') ? methodsOf(await documents(), path) : [],
    trustedProxies,
    metricsToken: ports.metricsToken,
  })
  const addressOf = (c: Context) => clientOf(c, trustedProxies).address
  const admit = createAdmission({
    verify,
    ratePerSecond,
    addressOf,
    countEverywhere: ports.countEverywhere,
  })
  const security = createSecurityLog(log)
  const busy = createOverloadCache()
  const isSecure = (c: Context) => ports.isSecure === true || clientOf(c, trustedProxies).isSecure

  if (origins.length > 0)
    app.use(
      cors({
        origin: [...origins],
        exposeHeaders: ['location', 'etag', 'retry-after', 'x-request-id'],
        maxAge: 600,
      }),
    )

  app.get('/docs', (c) =>
    c.html(docsPage, 200, {
      'content-security-policy':
        "default-src 'self'; object-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    }),
  )
  app.get('/docs/start.js', (c) =>
    c.body(docsScript, 200, { 'content-type': 'text/javascript; charset=utf-8' }),
  )
  for (const file of explorerFiles)
    app.get(`/docs/${file}`, serveStatic({ root: explorerFolder, path: file }))

  // large responses on many pages; a compressed response has a weak ETag
  for (const path of ports.compressed ?? []) app.use(path, varying, compress())
  ports.ownRoutes?.(app, { sidecar, maxInFlight, stopping, admitted })

  const operator = signedIn(verify, 'operator')
  passToSupervisor(app, ports.supervisor, (c, answer) =>
    admitted(c, async () => {
      await operator(c as never, async () => {})
      const { method, path } = c.req
      if (method !== 'GET')
        security('authz_admin', {
          userId: c.get('identity').userId,
          sourceIp: addressOf(c),
          method,
          path,
          requestId: c.get('requestId'),
        })
      return answer()
    }),
  )

  app.use(async function proxied(c, next) {
    const owner = ownerOf(c.req.path)
    // a sidecar would remove the trailing slash after the guards here have checked another path
    if (!owner || c.req.path.endsWith('/')) return next()
    if (!methods.includes(c.req.method))
      throw notFound(c.req.path, methodsOf(await documents(), c.req.path))
    const template = templateOf(c.req.path)
    if (template) c.set('route', template)
    busy.refuse(c.req.method, c.req.path)
    return admitted(c, () => forward(c, owner))
  })

  /** Runs `answer` unless the client exceeds the rate limit or lacks a required sign-in. */
  async function admitted<T>(c: Context<AppEnv>, answer: () => Promise<T>): Promise<T> {
    await admit(c)
    return answer()
  }

  async function forward(c: Context<AppEnv>, owner: string): Promise<Response> {
    const { pathname, search } = new URL(c.req.url)
    const hasBody = !['GET', 'HEAD'].includes(c.req.method)
    const headers = pick(passedOn, (name) => c.req.header(name))
    refuseUnprintable(headers)
    const call = {
      app: owner,
      method: c.req.method,
      path: `${pathname}${search}`,
      route: c.get('route'),
      headers: {
        ...headers,
        'x-request-id': c.get('requestId'),
        [clientAddressHeader]: addressOf(c),
      },
      ...(hasBody && { body: await bodyWithSession(c, isSecure(c)) }),
      timeoutMs,
    }
    const reply = await sidecar.invoke(call).catch((error: unknown) => explained(c, error))
    busy.received(c.req.method, c.req.path, reply)
    const replyHeaders = pick(passedBack, (name) => reply.headers[name]?.toString())
    const body = bodyWithoutSession(c, reply, isSecure(c)) as Uint8Array<ArrayBuffer>
    return c.newResponse(body.length > 0 ? body : null, reply.status as 200, replyHeaders)
  }

  /** The sidecar denies methods and paths missing from the access list; clients get 405 or 404 instead. */
  async function explained(c: Context<AppEnv>, error: unknown): Promise<never> {
    if (!(error instanceof Fault) || error.code !== 'denied') throw error
    const allowed = methodsOf(await documents(), c.req.path)
    throw allowed.includes(c.req.method) ? error : notFound(c.req.path, allowed)
  }

  serveWebApp(app, webRoot)
  return app
}

/** Sets `vary` before the response exists: `compress` would set `vary` afterwards and build the response again. */
const varying: MiddlewareHandler = async function varying(c, next) {
  c.header('vary', 'accept-encoding')
  await next()
}

/** HTTP takes any byte in a header, but sidecars pass on printable ASCII only: a call with others would seem to fail. */
function refuseUnprintable(headers: Record<string, string>): void {
  const field = Object.keys(headers).find((name) => !/^[\t\x20-\x7e]*$/.test(headers[name] ?? ''))
  if (!field) return
  const message = 'printable ASCII'
  throw refused('invalid-request', `${field}: ${message}`, { errors: [{ field, message }] })
}

function pick(
  names: readonly string[],
  find: (name: string) => string | undefined,
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = find(name)
    if (value !== undefined) found[name] = value
  }
  return found
}
