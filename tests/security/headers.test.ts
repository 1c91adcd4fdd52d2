import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
  directGateway,
  newCustomer,
  operator,
  orderOf,
  type Person,
  placed,
  root,
} from '../system/client.ts'
import { table } from './routes.ts'
import { send } from './sidecars.ts'

/*
 * What browsers obey, on every page, asset, picture, answer and error of the running shop, with the web app as it is
 * built for production.
 */

const port = Number(new URL(directGateway).port)
const built = join(root, 'web/dist')
const page = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const id = '018f0000-0000-7000-8000-00000000000a'

/** What everybody is answered alike may be kept, also by who is signed in. */
const isPublic = (method: string, path: string): boolean =>
  method === 'GET' &&
  /^\/(products(\/[^/]+(\/picture.svg)?)?|categories|countries|\.well-known\/jwks.json)$/.test(path)

type Request = { method?: string; path: string; headers?: Record<string, string>; body?: string }
type Answer = Awaited<ReturnType<typeof send>>

const get = (path: string, headers: Record<string, string> = {}): Request => ({ path, headers })

/** The paths of the web app, as its router has them: each is one of these below another one at most. */
function pages(): string[] {
  const router = readFileSync(join(root, 'web/src/router.tsx'), 'utf8')
  const paths = [...router.matchAll(/ path: '(\/[^']*)'/g)].map(([, path = '']) => path)
  expect(paths.length).toBeGreaterThan(20)
  const below = ['', '/account', '/ops']
  return [...new Set(below.flatMap((start) => paths.map((path) => `${start}${path}`)))]
    .map((path) => path.replaceAll(/\$\w+/g, 'MUG-ENAMEL-BLUE'))
    .filter((path) => !path.startsWith('/orders'))
}

const files = (): string[] =>
  readdirSync(built, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(built.length))

const encodings = ['identity', 'gzip', 'br']

/** Requests that are refused, each by another part of the gateway. */
const refused: Request[] = [
  get('/assets/none.js'),
  get('/assets/none.js', page),
  get('/docs/package.json'),
  get('/docs/oauth2-redirect.html', page),
  get('/metrics'),
  get('/products/a%3Fb'),
  get('/products/%2e%2e/metrics', page),
  get('/nothing'),
  get('/orders'),
  get('/orders', { authorization: 'Bearer x.y.z' }),
  { method: 'DELETE', path: '/openapi.json' },
  { method: 'TRACE', path: '/orders' },
  { method: 'OPTIONS', path: '/orders', headers: { origin: 'https://elsewhere.example' } },
  { method: 'GET', path: '/products', body: 'x', headers: { 'content-length': '1' } },
  { method: 'POST', path: '/users', body: '{', headers: { 'content-type': 'application/json' } },
  { method: 'POST', path: '/users', body: 'x', headers: { 'content-type': 'text/plain' } },
  {
    method: 'POST',
    path: '/users',
    body: 'x'.repeat(300_000),
    headers: { 'content-type': 'application/json', 'content-length': '300000' },
  },
]

const policies = {
  page: [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';",
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  ].join(' '),
  explorer:
    "default-src 'self'; object-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  picture: "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  rest: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}

function policyOf(path: string, { headers }: Answer): string {
  const type = String(headers['content-type'] ?? '')
  if (path === '/docs') return policies.explorer
  if (type.startsWith('text/html')) return policies.page
  return type.startsWith('image/svg+xml') ? policies.picture : policies.rest
}

/** What is wrong with the headers of an answer. */
function faultsOf(
  { method = 'GET', path, headers: asked = {} }: Request,
  answer: Answer,
): string[] {
  const { headers, status } = answer
  const wanted: Record<string, string | undefined> = {
    'content-security-policy': policyOf(path, answer),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'access-control-allow-origin': undefined,
    'access-control-allow-credentials': undefined,
    server: undefined,
    'x-powered-by': undefined,
  }
  const faults = Object.entries(wanted)
    .filter(([name, value]) => headers[name] !== value)
    .map(([name]) => `${name}: ${headers[name]}`)
  const type = String(headers['content-type'] ?? '')
  if (/^text\/|xml/.test(type) && !/;\s*charset=utf-8/i.test(type)) faults.push(`read as ${type}`)
  const cache = headers['cache-control'] ?? ''
  const isHashed = path.startsWith('/assets/') && status === 200
  if (isHashed && cache !== 'public, max-age=31536000, immutable') faults.push(`cached ${cache}`)
  if (asked.authorization && cache !== 'no-store' && !isPublic(method, path))
    faults.push(`kept: ${cache}`)
  if (status >= 400 && cache !== 'no-store') faults.push(`an error is kept: ${cache}`)
  if (headers['set-cookie']) faults.push('a cookie')
  if (status >= 300 && status < 400 && status !== 304) faults.push(`sends elsewhere: ${status}`)
  if (headers.location && !/^\/(?!\/)/.test(headers.location)) faults.push(headers.location)
  return faults
}

async function check(requests: readonly Request[]): Promise<Answer[]> {
  const answers: Answer[] = []
  const wrong: string[] = []
  for (const request of requests) {
    const { method = 'GET', path, headers, body } = request
    const answer = await send(port, method, path, headers, body)
    answers.push(answer)
    const faults = faultsOf(request, answer)
    if (faults.length > 0) wrong.push(`${method} ${path} ${answer.status}: ${faults.join('; ')}`)
  }
  expect(wrong).toEqual([])
  return answers
}

describe('the headers are right on', () => {
  it('every page of the web app and of the API explorer', async () => {
    const answers = await check([...pages(), '/docs'].map((path) => get(path, page)))
    for (const { status, headers } of answers)
      expect([status, headers['content-type']?.toLowerCase()]).toEqual([
        200,
        'text/html; charset=utf-8',
      ])
  })

  it('every file of the web app, however it is compressed', async () => {
    const requests = files().flatMap((path) =>
      encodings.map((encoding) => get(path, { 'accept-encoding': encoding })),
    )
    expect(requests.length).toBeGreaterThan(60)
    for (const { status } of await check(requests)) expect(status).toBe(200)
  })

  it('the files of the API explorer and the API document', async () => {
    const { text } = await send(port, 'GET', '/docs')
    const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
    expect(loaded.length).toBe(4)
    for (const { status } of await check([...loaded, '/openapi.json'].map((path) => get(path))))
      expect(status).toBe(200)
  })

  it('every picture', async () => {
    const { items } = (await ask('GET', '/products?limit=50')).body as {
      items: { sku: string }[]
    }
    expect(items.length).toBeGreaterThan(20)
    const answers = await check(items.map(({ sku }) => get(`/products/${sku}/picture.svg`)))
    for (const { headers } of answers) expect(headers['content-type']).toContain('image/svg+xml')
  })

  it('what is the same as before', async () => {
    const { headers } = await send(port, 'GET', '/products/MUG-ENAMEL-BLUE/picture.svg')
    const [answer] = await check([
      get('/products/MUG-ENAMEL-BLUE/picture.svg', { 'if-none-match': headers.etag ?? '' }),
    ])
    expect(answer?.status).toBe(304)
  })

  it('every refusal', async () => {
    for (const { status } of await check(refused)) expect(status).toBeGreaterThanOrEqual(400)
  })

  describe('every answer of the API', () => {
    let people: [string, Record<string, string>][]
    beforeAll(async () => {
      const [ada, ops] = await Promise.all([newCustomer(), operator()])
      people = [
        ['nobody', {}],
        ['a customer', { authorization: ada.authorization }],
        ['an operator', { authorization: ops.authorization }],
      ]
    })

    it.each(Object.keys(table))('%s', async (route) => {
      const [method = '', template = ''] = route.split(' ')
      const path = template.replace('{sku}', 'MUG-ENAMEL-BLUE').replaceAll(/\{\w+\}/g, id)
      for (const [, headers] of people)
        await check([
          { method, path, headers: { ...headers, origin: 'https://elsewhere.example' } },
        ])
    })
  })
})

describe('nobody is sent to another site', () => {
  const elsewhere = ['//elsewhere.example', '/\\elsewhere.example', 'https://elsewhere.example']

  it('by no page, whatever its address asks for', async () => {
    const names = ['next', 'redirect', 'url', 'return', 'returnTo', 'continue']
    const paths = ['/sign-in', '/register', '/checkout', '/docs'].flatMap((path) =>
      names.flatMap((name) => elsewhere.map((to) => `${path}?${name}=${encodeURIComponent(to)}`)),
    )
    const answers = await check(
      paths.filter((path) => !path.startsWith('/docs')).map((path) => get(path, page)),
    )
    for (const { status, headers } of answers) {
      expect(status).toBe(200)
      expect(headers.location).toBeUndefined()
    }
  })

  it('by no answer that names a place, whatever the host and its proxies are called', async () => {
    const ada: Person = await newCustomer()
    const orderId = await placed(ada, orderOf('MUG-ENAMEL-BLUE'))
    expect(orderId).toBeTruthy()
    const key = crypto.randomUUID()
    const purchase = JSON.stringify({ cartId: key, ...orderOf('MUG-ENAMEL-BLUE') })
    const answer = await send(
      port,
      'POST',
      '/orders',
      {
        host: 'elsewhere.example',
        'x-forwarded-host': 'elsewhere.example',
        forwarded: 'host=elsewhere.example',
        'content-type': 'application/json',
        'idempotency-key': key,
        authorization: ada.authorization,
      },
      purchase,
    )
    expect(answer.status).toBe(202)
    expect(answer.headers.location).toMatch(/^\/orders\/[0-9a-f-]{36}$/)
    expect(answer.text).not.toContain('elsewhere')
  })

  it('by no page that loads from there, or has a script of its own', () => {
    const html = readFileSync(join(built, 'index.html'), 'utf8')
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
    expect(loaded.filter((path) => !/^\/(?!\/)/.test(path))).toEqual([])
    expect(html).not.toMatch(/<script(?![^>]* src=)|\son\w+=|javascript:/i)
  })
})
