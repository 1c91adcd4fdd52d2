import { serveStatic } from '@hono/node-server/serve-static'
import type { App } from '@sidecart/chassis/http/app.ts'
import type { MiddlewareHandler } from 'hono'

/** The web app's pages load everything from here and nothing from elsewhere; no inline script, no frame around them. */
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
 * Serves the built web app, compressed as it was built. What a browser opens as a page and is no file is one of
 * the app's own routes and gets its `index.html`; everything else that is not there stays a 404.
 */
export function serveWebApp(app: App, root: string): void {
  const page = serveStatic({ root, precompressed: true, path: 'index.html' })
  app.get('*', cachedByName, serveStatic({ root, precompressed: true }), (c, next) =>
    opensPage(c.req.path, c.req.header('accept')) ? page(c, next) : next(),
  )
}

/** The name of a file under `assets/` changes with its content; every other one is asked for again. */
const cachedByName: MiddlewareHandler = async function cachedByName(c, next) {
  await next()
  if (!c.res.ok) return
  const hashed = c.req.path.startsWith('/assets/')
  c.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (c.res.headers.get('content-type')?.startsWith('text/html'))
    c.header('content-security-policy', contentSecurityPolicy)
}

const opensPage = (path: string, accept = ''): boolean =>
  accept.includes('text/html') && !/\.\w+$/.test(path)
