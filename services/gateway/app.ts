import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HttpBindings } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Context } from 'hono'
import { cors } from 'hono/cors'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { type App, type AppEnv, createApp, nothingThere } from '../../chassis/app.ts'
import { signedIn, type Verifier } from '../../chassis/authentication.ts'
import type { Log } from '../../chassis/log.ts'
import type { ProblemKind } from '../../chassis/problem.ts'
import { Fault, refused } from '../../chassis/refusal.ts'
import type { Transport } from '../../chassis/transport.ts'
import { docsPage, docsScript } from './docs-page.ts'
import { createDocuments, methodsOf } from './documents.ts'
import { isOpen, ownerOf, services } from './routing.ts'

export type GatewayPorts = {
  transport: Transport
  verify: Verifier
  log: Log
  /** Requests per second that one client may send. */
  ratePerSecond: number
  /** Requests that may be under way at once; more are answered 503. */
  maxInFlight: number
  /** Origins whose pages may call the API; none means the same origin only. */
  origins: readonly string[]
  /** Where the web app's files are. */
  webRoot: string
}

type RefusalCode = 'overloaded'
const problems = { overloaded: { status: 503, title: 'Too busy' } } satisfies Record<
  RefusalCode,
  ProblemKind
>

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
const explorerFiles = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
/** Longer than any step behind it, so that the answer that comes back is the service's own. */
const timeoutMs = 8_000

/** The only public door: routes by first path segment to the service that owns it, through the sidecar. */
export function createGatewayApp(ports: GatewayPorts): App {
  const { transport, verify, log, ratePerSecond, maxInFlight, origins, webRoot } = ports
  const documents = createDocuments(transport, services, log)
  const app = createApp({ log, name: 'gateway', problems, document: documents })
  const limiter = new RateLimiterMemory({ points: ratePerSecond, duration: 1 })
  const guard = signedIn(verify)
  let inFlight = 0

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
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    }),
  )
  app.get('/docs/start.js', (c) => c.body(docsScript, 200, { 'content-type': 'text/javascript' }))
  app.get(
    '/docs/*',
    serveStatic({
      root: explorerFiles,
      rewriteRequestPath: (path) => path.replace(/^\/docs/, ''),
    }),
  )

  app.use(async function proxied(c, next) {
    const owner = ownerOf(c.req.path)
    if (!owner) return next()
    if (inFlight >= maxInFlight)
      throw refused('overloaded', 'The shop is busy; try again in a moment.', {
        retryAfterSeconds: 1,
      })
    inFlight += 1
    try {
      await limited(clientOf(c))
      if (!isOpen(c.req.method, c.req.path) || c.req.header('authorization'))
        await guard(c as never, async () => {})
      return await forward(c, owner)
    } finally {
      inFlight -= 1
    }
  })

  async function limited(client: string): Promise<void> {
    try {
      await limiter.consume(client)
    } catch (limit) {
      const retryAfterSeconds = Math.ceil((limit as RateLimiterRes).msBeforeNext / 1000)
      throw refused('too-many-requests', `At most ${ratePerSecond} requests a second.`, {
        retryAfterSeconds,
      })
    }
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
        'x-client-address': addressOf(c),
      },
      ...(hasBody && { body: new Uint8Array(await c.req.arrayBuffer()) }),
      timeoutMs,
    }
    const reply = await transport.invoke(call).catch((error: unknown) => explained(c, error))
    const headers = pick(passedBack, (name) => reply.headers[name]?.toString())
    const body = reply.body.length > 0 ? (reply.body as Uint8Array<ArrayBuffer>) : null
    return c.newResponse(body, reply.status as 200, headers)
  }

  /** The sidecar denies a method or path that no policy names; to the outside that is 405 or 404. */
  async function explained(c: Context<AppEnv>, error: unknown): Promise<never> {
    if (!(error instanceof Fault) || error.code !== 'denied') throw error
    const allowed = methodsOf(await documents(), c.req.path)
    throw allowed.includes(c.req.method) ? error : nothingThere(c.req.path, allowed)
  }

  app.get('*', serveStatic({ root: webRoot }))
  return app
}

/** Set here and never passed on from a caller: the services behind trust it. */
const addressOf = (c: Context<AppEnv>): string =>
  ((c.env ?? {}) as Partial<HttpBindings>).incoming?.socket.remoteAddress ?? 'unknown'

const clientOf = (c: Context<AppEnv>): string => c.req.header('authorization') ?? addressOf(c)

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
