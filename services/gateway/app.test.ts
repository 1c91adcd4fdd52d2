import { refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { isPlainPath } from '@sidecart/chassis/sidecar/plain-path.ts'
import { createMemorySidecar } from '@sidecart/testing/memory-sidecar.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { until } from '@sidecart/testing/until.ts'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isOpen, ownerOf, services } from './routing.ts'
import { gatewayTo } from './testing.ts'

const log = createLog('gateway', 'silent')
const ada = '018f0000-0000-7000-8000-00000000000a'
let tokens: TestTokens
let gateway: App
/** Awaited by the catalog before each response. */
let slow: () => Promise<void>

beforeAll(async () => {
  tokens = await testTokens()
})

beforeEach(() => {
  slow = async () => {}
  gateway = gatewayWith({})
})

const gatewayWith = (limits: Parameters<typeof gatewayTo>[2]): App =>
  gatewayTo({ orders: orders(), catalog: catalog() }, tokens, limits)

function orders(): App {
  const app = createApp({
    name: 'orders',
    log,
    problems: { taken: { status: 409, title: 'Taken' } },
  })
  app.post('/orders', async (c) =>
    c.json(
      {
        received: await c.req.json(),
        key: c.req.header('idempotency-key'),
        by: c.req.header('authorization'),
      },
      202,
      { location: '/orders/1' },
    ),
  )
  app.get('/orders/taken', () => {
    throw refused('taken', 'Somebody was faster.')
  })
  app.get('/internal/all', (c) => c.json({ secret: true }))
  return app
}

function catalog(): App {
  const app = createApp({ name: 'catalog', log })
  app.get('/products', async (c) => {
    await slow()
    return c.json({ q: c.req.query('q') }, 200, { etag: '"1"', 'cache-control': 'max-age=60' })
  })
  return app
}

describe('routing', () => {
  it.each([
    ['/products/MUG', 'catalog'],
    ['/.well-known/jwks.json', 'users'],
    ['/cart/items/MUG', 'carts'], // carts: optional line
    ['/orders', 'orders'],
    ['/internal/reservations/1', undefined],
    ['/events/orders-placed-v1', undefined],
    ['/metrics', undefined],
    ['/constructor', undefined],
    ['//orders', undefined],
  ])('%s belongs to %s', (path, owner) => {
    expect(ownerOf(path)).toBe(owner)
  })

  it.each([
    ['GET', '/products', true],
    ['GET', '/products/MUG/picture.svg', true],
    ['GET', '/products/MUG/stock', false],
    ['PATCH', '/products/MUG', false],
    ['POST', '/users', true],
    ['POST', '/confirmations', true],
    ['POST', '/password-resets', true],
    ['POST', '/password-resets/redemption', true],
    ['POST', '/users/me/confirmation', false],
    ['GET', '/users/me', false],
    ['POST', '/sessions/refresh', true],
    ['POST', '/orders', false],
    ['GET', '/catalog/dead-letters', false],
  ])('%s %s is open: %s', (method, path, expected) => {
    expect(isOpen(method, path)).toBe(expected)
  })
})

describe('a path that others on the way would read differently', () => {
  const target = 'events/users-contact-changed-v1'
  it.each([
    `/notifications/%252e%252e/${target}`,
    `/notifications/%25252e%25252e/${target}`,
    `/notifications/%2e%2e/${target}`,
    `/notifications/..%2f${target}`,
    `/notifications/..%5c${target}`,
    `/notifications//${target}`,
    '/products/a%3Fb',
    '/products/a%23b',
    '/products/a%1Fb',
    '/products/a%7Fb',
    '/products/a%00b',
    '/products/100%25',
    '/products/%ff',
    '/products/%252e%252e/metrics',
    '/assets/%2e%2e/index.html',
  ])('is refused, and nobody is asked: %s', async (path) => {
    const asked: string[] = []
    const careless = createApp({ name: 'any', log, accepts: () => true })
    careless.all('*', (c) => {
      asked.push(c.req.path)
      return c.json({})
    })
    const sidecar = createMemorySidecar()
    for (const name of ['catalog', 'notifications', 'users']) sidecar.apps.set(name, careless)
    // the gateway alone must refuse: this sidecar accepts any path
    gateway = gatewayWith({ sidecar: { ...sidecar, invoke: sidecar.invokeUnchecked } })
    const headers = await tokens.bearer(ada)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const raw = { incoming: { url: path, socket: {} } }
      const answer = await gateway.request(path, { method, headers }, raw)
      expect(answer.status, method).toBe(400)
      expect(await answer.json()).toMatchObject({ code: 'invalid-request' })
    }
    expect(asked).toEqual([])
  })

  it('never reaches a service, and never is an error, whatever its bytes are', async () => {
    const reached: string[] = []
    const careless = createApp({ name: 'any', log, accepts: () => true })
    careless.all('*', (c) => {
      reached.push(c.req.path)
      // of an order that does not exist, so that its event stream ends at once
      if (c.req.path.startsWith('/orders')) throw refused('not-found', 'No such order.')
      return c.json({})
    })
    const sidecar = createMemorySidecar()
    for (const name of ['catalog', 'orders']) sidecar.apps.set(name, careless)
    gateway = gatewayWith({ sidecar: { ...sidecar, invoke: sidecar.invokeUnchecked } })
    const headers = await tokens.bearer(ada)
    const pieces = ['..', '.', '/', '\\', '%', '%25', '%2e', '%2f', '%5c', '%00', '%C3', 'Ā', ' ']
    const piece = fc.constantFrom(...pieces, 'a', 'events')
    const path = fc
      .tuple(fc.constantFrom('/products', '/orders'), fc.array(piece, { maxLength: 10 }))
      .map(([start, rest]) => `${start}/${rest.join('')}`)
    await fc.assert(
      fc.asyncProperty(path, async (url) => {
        reached.length = 0
        const raw = { incoming: { url, socket: {} } }
        const answer = await gateway.request(url, { headers }, raw)
        expect([200, 400, 404]).toContain(answer.status)
        if (!isPlainPath(url)) expect([answer.status, ...reached]).toEqual([400])
        for (const path of reached) expect(path).toMatch(/^\/(products|orders)\b/)
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it('is one with a slash at its end, which a sidecar would take away after the guards', async () => {
    const answer = await gateway.request('/products/MUG/stock/', { headers: { accept: '*/*' } })
    expect(answer.status).toBe(404)
  })
})

describe('a method that no route of the path has', () => {
  const documented = () => {
    const app = createApp({ name: 'catalog', log })
    const route = { path: '/products/{sku}', responses: { 200: { description: 'OK' } } }
    app.openapi({ ...route, method: 'get' }, (c) => c.json({}))
    app.openapi({ ...route, method: 'patch' }, (c) => c.json({}))
    return gatewayTo({ catalog: app }, tokens)
  }

  it.each([
    ['PUT', {}],
    ['DELETE', { authorization: 'Bearer none' }],
    ['POST', { 'content-type': 'application/json', 'content-length': '2' }],
  ])('is 405 with Allow, before a sign-in is asked for: %s %j', async (method, headers) => {
    const answer = await documented().request('/products/MUG', { method, headers })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, PATCH'])
  })

  it('leaves 401 to the methods that there are, and to paths that nobody documents', async () => {
    const statusOf = async (method: string, path: string) =>
      (await documented().request(path, { method })).status
    expect(await statusOf('PATCH', '/products/MUG')).toBe(401)
    expect(await statusOf('DELETE', '/products/MUG/stock')).toBe(401)
    expect(await statusOf('DELETE', '/orders/1')).toBe(401)
  })

  it('asks for the API documents once, however many requests wait for them', async () => {
    let asked = 0
    const document = async () => {
      asked += 1
      return { paths: {} }
    }
    const app = gatewayTo({ catalog: createApp({ name: 'catalog', log, document }) }, tokens)
    await Promise.all(Array.from({ length: 20 }, () => app.request('/orders', { method: 'PUT' })))
    expect(asked).toBe(1)
  })
})

describe('the gateway', () => {
  it('passes request and answer through, with the headers that matter', async () => {
    const bearer = await tokens.bearer(ada)
    const headers = {
      ...bearer,
      'content-type': 'application/json',
      'idempotency-key': 'k1',
      'x-request-id': 'r1',
      cookie: 'no=1',
    }
    const answer = await gateway.request('/orders', { method: 'POST', headers, body: '{"a":1}' })
    expect(answer.status).toBe(202)
    expect(answer.headers.get('location')).toBe('/orders/1')
    expect(answer.headers.get('x-request-id')).toBe('r1')
    expect(await answer.json()).toEqual({ received: { a: 1 }, key: 'k1', by: bearer.authorization })
  })

  it('passes queries, caching and ETags through', async () => {
    const answer = await gateway.request('/products?q=blue%20mug')
    expect(await answer.json()).toEqual({ q: 'blue mug' })
    expect(answer.headers.get('etag')).toBe('"1"')
    expect(answer.headers.get('cache-control')).toBe('max-age=60')
  })

  it.each(['if-none-match', 'accept', 'idempotency-key'])(
    'refuses bytes in %s that no sidecar passes on, and names the header',
    async (field) => {
      const answer = await gateway.request('/products', { headers: { [field]: '"\u00fc"' } })
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { code: 'invalid-request', errors: [{ field, message: 'printable ASCII' }] },
      ])
    },
  )

  it('passes a service’s problem through as it is', async () => {
    const answer = await gateway.request('/orders/taken', { headers: await tokens.bearer(ada) })
    expect(answer.status).toBe(409)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({ code: 'taken', instance: '/orders/taken' })
  })

  it('refuses without a token, with an expired one, and with a bad one even where none is needed', async () => {
    expect((await gateway.request('/orders')).status).toBe(401)
    expect(
      (await gateway.request('/orders', { headers: await tokens.bearer(ada, 'customer', '-1m') }))
        .status,
    ).toBe(401)
    expect(
      (await gateway.request('/products', { headers: { authorization: 'Bearer nonsense' } }))
        .status,
    ).toBe(401)
  })

  it('shows nothing internal', async () => {
    expect(
      (await gateway.request('/internal/all', { headers: await tokens.bearer(ada) })).status,
    ).toBe(404)
  })

  it('answers 503 with Retry-After when a service is away', async () => {
    const answer = await gateway.request('/payments/1', { headers: await tokens.bearer(ada) })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(await answer.json()).toMatchObject({ code: 'unavailable' })
  })

  it('refuses a body over the limit before anybody else sees it', async () => {
    const headers = { ...(await tokens.bearer(ada)), 'content-type': 'application/json' }
    const answer = await gateway.request('/orders', {
      method: 'POST',
      headers,
      body: 'x'.repeat(10_000_000),
    })
    expect(answer.status).toBe(413)
  })

  it('sheds load when too many requests are under way', async () => {
    gateway = gatewayWith({ maxInFlight: 1 })
    const { promise: served, resolve: serve } = Promise.withResolvers<void>()
    slow = () => served
    const first = gateway.request('/products')
    const shed = await gateway.request('/products')
    expect(shed.status).toBe(503)
    expect(shed.headers.get('retry-after')).toBe('1')
    serve()
    expect((await first).status).toBe(200)
    expect((await gateway.request('/products')).status).toBe(200)
  })

  it('answers for a service that is too busy, for a moment', async () => {
    let asked = 0
    slow = async () => {
      asked += 1
      throw refused('overloaded', 'Too much to do.', { retryAfterSeconds: 2 })
    }
    const first = await gateway.request('/products')
    const second = await gateway.request('/products')
    expect([first.status, second.status]).toEqual([503, 503])
    expect(second.headers.get('retry-after')).toBe('1')
    expect(await second.json()).toMatchObject({ code: 'overloaded' })
    expect(asked).toBe(1)
    slow = async () => {}
    await until('the service is asked again', async () => {
      return (await gateway.request('/products')).status === 200
    })
  })

  it('keeps nobody from cancelling or reading because new orders are too many', async () => {
    const overloaded = () => {
      throw refused('overloaded', 'Too much to do.')
    }
    const full = createApp({ name: 'orders', log })
    full.post('/orders', overloaded)
    full.all('/orders/*', (c) => c.json({ done: true }))
    gateway = gatewayTo({ orders: full }, tokens)
    const headers = await tokens.bearer(ada)
    const ask = async (method: string, path: string) =>
      (await gateway.request(path, { method, headers })).status
    expect(await ask('POST', '/orders')).toBe(503)
    expect(await ask('POST', `/orders/${ada}/cancel`)).toBe(200)
    expect(await ask('POST', `/orders/${ada}/refund`)).toBe(200)
    expect(await ask('GET', `/orders/${ada}`)).toBe(200)
  })

  it('lets only the named origins call', async () => {
    gateway = gatewayWith({ origins: ['https://shop.example'] })
    const from = async (origin: string) =>
      (await gateway.request('/products', { headers: { origin } })).headers.get(
        'access-control-allow-origin',
      )
    expect(await from('https://shop.example')).toBe('https://shop.example')
    expect(await from('https://evil.example')).toBeNull()
  })
})

describe('the merged API document', () => {
  it('has the public routes of all services, and names those that do not answer', async () => {
    const document = (await (await gateway.request('/openapi.json')).json()) as {
      info: { description: string }
      paths: object
    }
    const silent = services.filter((name) => !['catalog', 'orders'].includes(name))
    expect(document.info.description).toContain(silent.join(', '))
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/internal'))).toEqual([])
  })

  it('has a viewer whose files are all served here', async () => {
    const page = await (await gateway.request('/docs')).text()
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '')
    expect(files.length).toBeGreaterThan(2)
    for (const file of files) {
      expect(file).toMatch(/^\/docs\//)
      expect((await gateway.request(file)).status, file).toBe(200)
    }
  })
})
