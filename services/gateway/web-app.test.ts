import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveWebApp } from './web-app.ts'

let root: string
let app: App

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'web-app-'))
  mkdirSync(join(root, 'assets'))
  writeFileSync(join(root, 'index.html'), '<p>shop</p>')
  writeFileSync(join(root, 'index.html.br'), 'small')
  writeFileSync(join(dirname(root), `${basename(root)}.secret`), 'outside')
  writeFileSync(join(root, 'assets/app-1a2b.js'), 'start()')
  app = createApp({ name: 'gateway', log: createLog('gateway', 'silent') })
  serveWebApp(app, root)
})

afterAll(() => {
  rmSync(root, { recursive: true })
  rmSync(`${root}.secret`)
})

const page = { accept: 'text/html,application/xhtml+xml' }

describe('the web app’s files', () => {
  it('are kept for a year where the name changes with the content, and asked for again otherwise', async () => {
    const asset = await app.request('/assets/app-1a2b.js')
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await app.request('/')).headers.get('cache-control')).toBe('no-cache')
  })

  it('come compressed as they were built', async () => {
    const answer = await app.request('/', { headers: { 'accept-encoding': 'gzip, br' } })
    expect(answer.headers.get('content-encoding')).toBe('br')
    expect(await answer.text()).toBe('small')
  })

  it('may load nothing from elsewhere', async () => {
    const policy = (await app.request('/')).headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'; script-src 'self'")
  })
})

describe('a path that is no file', () => {
  it.each(['/shop', '/item/MUG', '/account/orders/1'])(
    'is a page of the app when a browser opens it: %s',
    async (path) => {
      const answer = await app.request(path, { headers: page })
      expect(answer.status).toBe(200)
      expect(await answer.text()).toBe('<p>shop</p>')
      expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    },
  )

  it('stays a 404 for everybody else', async () => {
    const answer = await app.request('/shop', { headers: { accept: 'application/json' } })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it.each(['/assets/app-old.js', '/favicon.png'])(
    'stays a 404 when it names a file: %s',
    async (path) => {
      expect((await app.request(path, { headers: page })).status).toBe(404)
    },
  )

  it.each(['/assets', '/assets/', '/.git/config', '/.env', '/package.json', '/main.ts'])(
    'shows no folder, source or setting: %s',
    async (path) => {
      const answer = await app.request(path)
      expect(answer.status).toBe(404)
      expect(await answer.text()).not.toContain('app-1a2b')
    },
  )

  it.each([
    '/../NAME',
    '/assets/../../NAME',
    '/%2e%2e/NAME',
    '/..%2fNAME',
    '/assets/..%5c..%5cNAME',
  ])('does not lead out of the folder: %s', async (path) => {
    const answer = await app.request(path.replace('NAME', `${basename(root)}.secret`))
    expect([400, 404]).toContain(answer.status)
    expect(await answer.text()).not.toContain('outside')
  })
})
