import { serveStatic } from '@hono/node-server/serve-static'
import type { App } from '@sidecart/chassis/http/app.ts'
import type { MiddlewareHandler } from 'hono'

/** Pages of the web app load only same-origin files; no inline scripts, no framing. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * Serves the built web app, with the precompressed files. A page request for a missing file is an app route and gets
 * `index.html`; any other missing file is a 404.
 */
export function serveWebApp(app: App, root: string): void {
  const page = serveStatic({ root, precompressed: true, path: 'index.html' })
  app.get('*', cachedByName, serveStatic({ root, precompressed: true }), (c, next) =>
    opensPage(c.req.path, c.req.header('accept')) ? page(c, next) : next(),
  )
}

/** Files under `assets/` have a content hash in the name and are cached for a year; all others are revalidated. */
const cachedByName: MiddlewareHandler = async function cachedByName(c, next) {
  await next()
  if (!c.res.ok) return
  const hashed = c.req.path.startsWith('/assets/')
  c.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
  const type = c.res.headers.get('content-type') ?? ''
  if (type.startsWith('text/html')) c.header('content-security-policy', contentSecurityPolicy)
  if (type === 'image/svg+xml') c.header('content-type', `${type}; charset=utf-8`)
}

const opensPage = (path: string, accept = ''): boolean =>
  accept.includes('text/html') && !/\.\w+$/.test(path)
