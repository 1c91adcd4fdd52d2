import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serveStatic } from '@hono/node-server/serve-static'
import { Fault } from '@sidecart/chassis/core/errors.ts'
import { type App, type AppEnv, createApp, notFound } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { clientAddressHeader, peerAddress } from '@sidecart/chassis/http/client-address.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { createSecurityLog } from '@sidecart/chassis/observability/security-log.ts'
import { isPlainPath } from '@sidecart/chassis/sidecar/plain-path.ts'
import { callService } from '@sidecart/chassis/sidecar/service-client.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { type OrderView, ordersRoutes } from '@sidecart/orders/contract.ts'
import type { Context, MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import { cors } from 'hono/cors'
import { docsPage, docsScript } from './docs-page.ts'
import { createOpenApiMerge, methodsOf } from './openapi-merge.ts'
import { passToSupervisor, type Supervisor } from './operations-proxy.ts'
import { createOrderEvents } from './order-events.ts'
import { createOverloadCache } from './overload-cache.ts'
import { createAdmission } from './rate-limit.ts'
import { ownerOf, services } from './routing.ts'
import { bodyWithoutSession, bodyWithSession } from './session-cookie.ts'
import { serveWebApp } from './web-app.ts'

export type GatewayPorts = {
  sidecar: Sidecar
  verify: Verifier
  log: Log
  /** Requests per second that one signed-in user may send, and all others of one network together. */
  ratePerSecond: number
  /** Requests that may be under way at once; more are answered 503. */
  maxInFlight: number
  /** Origins whose pages may call the API; none means the same origin only. */
  origins: readonly string[]
  /** Where the web app's files are. */
  webRoot: string
  /** Anyone who supervises the processes of this shop; none: nobody does, or somebody who cannot be asked. */
  supervisor?: Supervisor | undefined
  stopping?: AbortSignal
  /** Opens `/metrics` to anyone who watches this shop. */
  appToken?: string
  /** The shop is served over TLS, whatever its proxies say. */
  isSecure?: boolean
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
/** What any route takes; another method is 405 before anybody is asked to sign in. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const explorerFolder = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
/** Of the package, what its page loads: not its own pages, sources and source maps. */
const explorerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']
/** Longer than any step behind it, so that the answer that comes back is the service's own. */
const timeoutMs = 8_000

/** The only public door: routes by first path segment to the service that owns it, through the sidecar. */
export function createGatewayApp(ports: GatewayPorts): App {
  const { sidecar, verify, log, ratePerSecond, maxInFlight, origins, webRoot, stopping } = ports
  const documents = createOpenApiMerge(sidecar, services, log)
  const app = createApp({
    log,
    name: 'gateway',
    maxInFlight,
    document: documents,
    accepts: isPlainPath,
    metricsToken: ports.appToken,
  })
  const admit = createAdmission({ verify, ratePerSecond, addressOf: peerAddress })
  const security = createSecurityLog(log)
  const busy = createOverloadCache()
  const isSecure = (c: Context) =>
    ports.isSecure === true || c.req.header('x-forwarded-proto') === 'https'

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
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    }),
  )
  app.get('/docs/start.js', (c) => c.body(docsScript, 200, { 'content-type': 'text/javascript' }))
  for (const file of explorerFiles)
    app.get(`/docs/${file}`, serveStatic({ root: explorerFolder, path: file }))

  // what many pages show, and is large; compressed it has a weak ETag
  for (const path of ['/products', '/products/*', '/categories']) app.use(path, varying, compress())
  const orderEvents = createOrderEvents({ maxListeners: maxInFlight, stopping, ask: orderOf })
  app.get('/orders/:orderId/events', orderEvents)

  const operator = signedIn(verify, 'operator')
  passToSupervisor(app, ports.supervisor, (c, answer) =>
    admitted(c, async () => {
      await operator(c as never, async () => {})
      const { method, path } = c.req
      if (method !== 'GET')
        security('authz_admin', {
          userId: c.get('identity').userId,
          sourceIp: peerAddress(c),
          method,
          path,
          requestId: c.get('requestId'),
        })
      return answer()
    }),
  )

  app.use(async function proxied(c, next) {
    const owner = ownerOf(c.req.path)
    // a sidecar takes the slash away, after the guards here have judged another path
    if (!owner || c.req.path.endsWith('/')) return next()
    if (!methods.includes(c.req.method))
      throw notFound(c.req.path, methodsOf(await documents(), c.req.path))
    busy.refuse(c.req.method, c.req.path)
    return admitted(c, () => forward(c, owner))
  })

  /** Does what was asked for, unless the client asks too often, or nobody is signed in who has to be. */
  async function admitted<T>(c: Context<AppEnv>, answer: () => Promise<T>): Promise<T> {
    await admit(c)
    return answer()
  }

  function orderOf(c: Context<AppEnv>): Promise<OrderView> {
    const params = { orderId: c.req.param('orderId') ?? '' }
    const headers = pick(['authorization'], (name) => c.req.header(name))
    return admitted(c, () =>
      callService(sidecar, 'orders', ordersRoutes.get, { params }, { headers }),
    )
  }

  async function forward(c: Context<AppEnv>, owner: string): Promise<Response> {
    const { pathname, search } = new URL(c.req.url)
    const hasBody = !['GET', 'HEAD'].includes(c.req.method)
    const call = {
      app: owner,
      method: c.req.method,
      path: `${pathname}${search}`,
      headers: {
        ...pick(passedOn, (name) => c.req.header(name)),
        'x-request-id': c.get('requestId'),
        [clientAddressHeader]: peerAddress(c),
      },
      ...(hasBody && { body: await bodyWithSession(c, isSecure(c)) }),
      timeoutMs,
    }
    const reply = await sidecar.invoke(call).catch((error: unknown) => explained(c, error))
    busy.received(c.req.method, c.req.path, reply)
    const headers = pick(passedBack, (name) => reply.headers[name]?.toString())
    const body = bodyWithoutSession(c, reply, isSecure(c)) as Uint8Array<ArrayBuffer>
    return c.newResponse(body.length > 0 ? body : null, reply.status as 200, headers)
  }

  /** The sidecar denies a method or path that no policy names; to the outside that is 405 or 404. */
  async function explained(c: Context<AppEnv>, error: unknown): Promise<never> {
    if (!(error instanceof Fault) || error.code !== 'denied') throw error
    const allowed = methodsOf(await documents(), c.req.path)
    throw allowed.includes(c.req.method) ? error : notFound(c.req.path, allowed)
  }

  serveWebApp(app, webRoot)
  return app
}

/** Said before there is an answer: `compress` would say it after, and for that make the answer again. */
const varying: MiddlewareHandler = async function varying(c, next) {
  c.header('vary', 'accept-encoding')
  await next()
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
