import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gatewayTo } from './testing.ts'

const log = createLog('gateway', 'silent')
const ada = '018f0000-0000-7000-8000-00000000000a'
let root: string
let tokens: TestTokens
let gateway: App

beforeAll(async () => {
  tokens = await testTokens()
  root = mkdtempSync(join(tmpdir(), 'web-'))
  mkdirSync(join(root, 'assets'))
  writeFileSync(join(root, 'index.html'), '<p>shop</p>')
  writeFileSync(join(root, 'assets/app-1.js'), 'start()')
  writeFileSync(join(root, 'icon.svg'), '<svg/>')
  const catalog = createApp({ name: 'catalog', log })
  catalog.get('/products', (c) => c.json({}))
  catalog.get('/products/:sku/picture.svg', (c) =>
    c.body('<svg/>', 200, { 'content-type': 'image/svg+xml; charset=utf-8' }),
  )
  const orders = createApp({ name: 'orders', log })
  orders.get('/orders', (c) => c.json({}))
  gateway = gatewayTo({ catalog, orders }, tokens, { webRoot: root, metricsToken: 'token' })
})

afterAll(() => rmSync(root, { recursive: true }))

it.each([
  ['a page', 'GET', '/', 200],
  ['a route of the web app', 'GET', '/item/MUG', 200],
  ['an asset', 'GET', '/assets/app-1.js', 200],
  ['a drawing', 'GET', '/icon.svg', 200],
  ['the API explorer', 'GET', '/docs', 200],
  ['its script', 'GET', '/docs/start.js', 200],
  ['its styles', 'GET', '/docs/swagger-ui.css', 200],
  ['the API document', 'GET', '/openapi.json', 200],
  ['an answer of a service', 'GET', '/products', 200],
  ['a picture', 'GET', '/products/MUG/picture.svg', 200],
  ['a missing asset', 'GET', '/assets/none.js', 404],
  ['a wrong method', 'DELETE', '/openapi.json', 405],
  ['a path with a second reading', 'GET', '/products/a%3Fb', 400],
  ['a request without a token', 'GET', '/orders', 401],
  ['a service that is away', 'GET', '/.well-known/jwks.json', 503],
  ['metrics, which are not for everybody', 'GET', '/metrics', 404],
])(
  '%s can neither be framed, sniffed nor load what it need not',
  async (_, method, path, status) => {
    const answer = await gateway.request(path, { method, headers: { accept: 'text/html' } })
    expect(answer.status).toBe(status)
    const header = (name: string) => answer.headers.get(name) ?? ''
    expect(header('x-content-type-options')).toBe('nosniff')
    expect(header('x-frame-options')).toBe('DENY')
    expect(header('referrer-policy')).toBe('no-referrer')
    expect(header('strict-transport-security')).toBe('max-age=31536000; includeSubDomains')
    expect(header('permissions-policy')).toContain('camera=()')
    expect(header('content-security-policy')).toMatch(/^default-src '(none|self)'/)
    expect(header('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(header('content-security-policy')).toContain("base-uri 'none'")
    expect(header('content-security-policy')).toMatch(/default-src 'none'|object-src 'none'/)
    if (/^text\/|xml/.test(header('content-type')))
      expect(header('content-type')).toMatch(/; charset=utf-8/i)
    expect(header('content-security-policy')).not.toMatch(/script-src[^;]*unsafe|unsafe-eval/)
    expect(header('x-powered-by') + header('server')).toBe('')
  },
)

it('what somebody signed in is answered is kept by no cache', async () => {
  const answer = await gateway.request('/orders', { headers: await tokens.bearer(ada) })
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
})

it('metrics are for anyone who has the token', async () => {
  const ask = async (headers: Record<string, string>) =>
    (await gateway.request('/metrics', { headers })).status
  expect(await ask({ 'dapr-api-token': 'token' })).toBe(200)
  expect(await ask({ authorization: 'Bearer token' })).toBe(200)
  const guesses = ['guess', '', 'token token'].map((guess) => `Bearer ${guess}`)
  for (const authorization of [...guesses, 'token', 'Basic token'])
    expect(await ask({ authorization }), authorization).toBe(404)
  expect(await ask({ 'dapr-api-token': 'guess' })).toBe(404)
  expect(await ask(await tokens.bearer(ada))).toBe(404)
})

it('the API explorer keeps no token in the browser', async () => {
  expect(await (await gateway.request('/docs/start.js')).text()).not.toContain('persist')
})
