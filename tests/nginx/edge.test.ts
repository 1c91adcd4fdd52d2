import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ClientSessionOptions, connect, type IncomingHttpHeaders } from 'node:http2'
import { portHolder } from '@sidecart/platform/process/ports.ts'
import { until } from '@sidecart/testing/until.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
  gateway,
  newCustomer,
  operator,
  orderOf,
  type Person,
  placed,
  reaches,
} from '../system/client.ts'
import { accessLog, type Reply, send } from './client.ts'
import { plainUrl, shopUrl } from './nginx.ts'
import { gatewayPorts } from './shop.ts'

const mug = 'MUG-ENAMEL-BLUE'
/** Addresses of this machine that no earlier run used: limits of sign-ins last for 15 minutes. */
const now = Math.floor(Date.now() / 1000)
const addressOf = (client: number) => `127.${1 + ((now >> 8) & 127)}.${now & 255}.${client}`
let ada: Person

beforeAll(async () => {
  ada = await newCustomer()
  const ops = await operator()
  const stock = { delta: 500, reason: 'stock-taking' }
  const key = { 'idempotency-key': randomUUID() }
  expect((await ops.ask('POST', `/products/${mug}/stock`, stock, key)).status).toBe(200)
})

const problem = ({ status, headers, text }: Reply) => ({
  status,
  type: headers['content-type'],
  code: (JSON.parse(text) as { code: string }).code,
})

/**
 * Sends requests over one connection of HTTP/2, as fast as it takes them: faster than with a handshake for each, also on
 * a busy machine.
 */
async function floodFrom(localAddress: string, path: string, requests: number): Promise<Reply[]> {
  const ca = readFileSync(process.env.NODE_EXTRA_CA_CERTS ?? '')
  const session = connect(shopUrl, { ca, localAddress } as ClientSessionOptions)
  const asked = Array.from({ length: requests }, async () => {
    const stream = session.request({ ':path': path }).setEncoding('utf8')
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    const text = (await stream.toArray()).join('')
    return { status: Number(headers[':status']), headers, text }
  })
  const replies = await Promise.all(asked)
  session.close()
  return replies
}

/** Opens a stream of HTTP/2. Returns the headers and the text as it arrives. */
async function streamOf(path: string, headers: Record<string, string> = {}) {
  const session = connect(shopUrl, { ca: readFileSync(process.env.NODE_EXTRA_CA_CERTS ?? '') })
  const stream = session.request({ ':path': path, ...headers })
  const received = { text: '', status: 0, headers: {} as Record<string, unknown> }
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    received.text += chunk
  })
  await new Promise<void>((resolve, reject) => {
    session.on('error', reject)
    stream.on('error', reject)
    stream.on('response', (all) => {
      received.status = Number(all[':status'])
      received.headers = all
      resolve()
    })
  })
  const ended = new Promise<void>((resolve) => stream.once('close', resolve))
  return { received, ended, protocol: session.alpnProtocol, close: () => session.close() }
}

describe('TLS', () => {
  it.each(['/', '/products?limit=2'])('%s comes by HTTP/2', async (path) => {
    const { received, ended, protocol, close } = await streamOf(path, { accept: '*/*' })
    await ended
    close()
    expect([protocol, received.status]).toEqual(['h2', 200])
    expect(received.text.length).toBeGreaterThan(100)
    expect(received.headers.server).toBe('nginx')
    expect(received.headers['strict-transport-security']).toContain('max-age=')
  })

  it.each(['/', '/shop?q=a&b=c', '/item/MUG', '/account/orders', '/ops', '/docs'])(
    'is where a page without it is sent: %s',
    async (path) => {
      const { status, headers } = await send(path, { origin: plainUrl })
      expect([status, headers.location]).toEqual([308, `https://shop.example${path}`])
    },
  )

  it('is what the API is refused without, and never sent to', async () => {
    const { body } = await ask('GET', '/openapi.json')
    const documented = Object.entries(body.paths as Record<string, object>).flatMap(
      ([path, operations]) =>
        Object.keys(operations).map((method) => ({
          method: method.toUpperCase() as 'GET',
          path: path.replaceAll(/\{\w+\}/g, randomUUID()),
        })),
    )
    expect(documented.length).toBeGreaterThan(60)
    const others = ['/openapi.json', '/metrics', '/healthz', '/operations/faults', '/%6frders?a=b']
    const posts = ['/', '/shop', '//orders'].map((path) => ({ method: 'POST' as const, path }))
    const requests = [
      ...documented,
      ...others.map((path) => ({ method: 'GET' as const, path })),
      ...posts,
    ]
    for (const { method, path } of requests) {
      const headers = { authorization: 'Bearer token' }
      const reply = await send(path, { origin: plainUrl, method, headers })
      expect([method, path, reply.headers.location, problem(reply)]).toEqual([
        method,
        path,
        undefined,
        { status: 403, type: 'application/problem+json', code: 'tls-required' },
      ])
    }
  })

  it('is known to the gateway: the cookie of a session is for TLS only', async () => {
    const password = randomUUID()
    const account = { email: `${randomUUID()}@example.com`, password, name: 'Ada' }
    await send('/users', { method: 'POST', body: account })
    const body = { email: account.email, password }
    const headers = { 'x-session': 'cookie', 'x-forwarded-proto': 'http' }
    const answer = await send('/sessions', { method: 'POST', body, headers })
    expect(String(answer.headers['set-cookie'])).toMatch(/^__Secure-sidecart-session=.*; Secure/)
    const direct = await send('/sessions', {
      method: 'POST',
      body,
      headers: { 'x-session': 'cookie', 'x-forwarded-proto': 'https' },
      origin: `http://127.0.0.1:${gatewayPorts[0]}`,
      from: addressOf(40),
    })
    expect(String(direct.headers['set-cookie'])).toMatch(/^sidecart-session=(?!.*Secure)/)
  })
})

it('an order is placed, followed without delay, and confirmed', async () => {
  const orderId = await placed(ada, orderOf(mug))
  const { authorization } = ada
  const { received, close } = await streamOf(`/orders/${orderId}/events`, { authorization })
  // the stream of a confirmed order stays open for minutes: a buffer would keep it back
  const isThere = () => received.text.includes('"confirmed"')
  await until('the confirmation arrives in the stream', isThere, 20_000)
  expect(received.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  const silent = received.text.length
  await until('signs of life arrive one by one', () => received.text.length > silent, 10_000)
  close()
  await reaches(ada, orderId, ['confirmed'])
})

describe('product reads', () => {
  const cacheOf = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await send(path, { headers })
    expect(answer.status).toBe(200)
    return answer.headers['x-cache-status']
  }

  it.each([
    '/products?limit=7',
    '/products/LAMP-DESK-BRASS',
    '/products/LAMP-DESK-BRASS/picture.svg',
    '/countries',
  ])('%s is kept for everybody, as long as it allows', async (path) => {
    const found = [await cacheOf(path), await cacheOf(path), await cacheOf(path)]
    expect(found[0]).toMatch(/MISS|EXPIRED/)
    expect(found).toContain('HIT')
  })

  it('are asked for again after a second, and not sent again when nothing changed', async () => {
    const path = '/products/TEAPOT-STONEWARE-RUST'
    expect(await cacheOf(path)).toBe('MISS')
    const again = async () => (await cacheOf(path)) === 'REVALIDATED'
    await until('the product is asked for again', again, 10_000, 300)
  })

  it('with a token or a cookie neither read nor fill the cache', async () => {
    const path = '/products?limit=8'
    const personal = [{ authorization: ada.authorization }, { cookie: 'a=b' }]
    for (const headers of [...personal, ...personal])
      expect(await cacheOf(path, headers)).toBe('BYPASS')
    expect(await cacheOf(path)).toBe('MISS')
    for (const headers of personal) expect(await cacheOf(path, headers)).toBe('BYPASS')
  })

  it('that are refused, and what belongs to one customer, are never kept', async () => {
    for (const path of ['/products/NO-SUCH-THING', '/products?limit=many'])
      for (const _ of [1, 2, 3]) expect((await send(path)).headers['x-cache-status']).toBe('MISS')
    const { authorization } = ada
    for (const path of ['/users/me/addresses', '/orders', '/users/me']) {
      const answer = await send(path, { headers: { authorization } })
      expect([answer.status, answer.headers['x-cache-status']]).toEqual([200, undefined])
    }
  })
})

describe('what NGINX refuses itself is a problem document, too', () => {
  it('a body that is too large', async () => {
    const answer = await send('/orders', { method: 'POST', body: 'x'.repeat(300_000) })
    const wanted = { status: 413, type: 'application/problem+json', code: 'body-too-large' }
    expect(problem(answer)).toEqual(wanted)
  })

  it('a flood from one address, and no other address', async () => {
    // NGINX takes a thousand requests per connection
    const floods = [900, 900].map((requests) => floodFrom(addressOf(20), '/healthz', requests))
    const answers = (await Promise.all(floods)).flat()
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(100)
    for (const answer of refused) {
      const wanted = { status: 429, type: 'application/problem+json', code: 'too-many-requests' }
      expect(problem(answer)).toEqual(wanted)
      expect(answer.headers['retry-after']).toBe('1')
    }
    expect((await send('/healthz', { from: addressOf(21) })).status).toBe(200)
  })
})

describe('two gateways', () => {
  const upstreams = () => accessLog().filter(({ upstream }) => upstream)
  /** Requests that each gateway was sent, the ones that it did not answer included. */
  const sharesSince = (start: number) =>
    gatewayPorts.map(
      (port) =>
        upstreams()
          .slice(start)
          .filter(({ upstream }) => upstream.endsWith(`127.0.0.1:${port}`)).length,
    )

  it('share the work', async () => {
    const start = upstreams().length
    for (let n = 0; n < 10; n += 1)
      await Promise.all(Array.from({ length: 10 }, () => send('/openapi.json')))
    await until('all are in the log', () => upstreams().length >= start + 100)
    for (const share of sharesSince(start)) expect(share).toBeGreaterThanOrEqual(30)
  })

  it('lose no request when one is killed: not a read, not an order', async () => {
    const { authorization } = ada
    const statuses: unknown[] = []
    const orders = new Set<string>()
    const stopped = new AbortController()
    const asking = Array.from({ length: 6 }, async (_, client) => {
      while (!stopped.signal.aborted) {
        const key = randomUUID()
        const answer = await (client % 2
          ? send('/orders', { headers: { authorization } })
          : send('/orders', {
              method: 'POST',
              body: { ...orderOf(mug), cartId: key },
              headers: { authorization, 'idempotency-key': key },
            })
        ).catch((error: Error) => ({ status: error.message, text: '' }))
        statuses.push(answer.status)
        if (answer.status === 202) orders.add(JSON.parse(answer.text).orderId)
      }
    })
    await until('there is load', () => orders.size >= 5)
    const [, port = 0] = gatewayPorts
    const holder = await portHolder(port)
    process.kill(holder?.pid ?? 0, 'SIGKILL')
    const asked = statuses.length
    await until('many were answered without it', () => statuses.length > asked + 100, 60_000)
    await until('it is back', async () => (await portHolder(port)) !== undefined, 60_000)
    stopped.abort()
    await Promise.all(asking)
    expect(statuses.filter((status) => status !== 200 && status !== 202)).toEqual([])
    expect(upstreams().some(({ upstream }) => upstream.includes(','))).toBe(true)
    const { text } = await send('/orders?limit=100', { headers: { authorization } })
    const kept = (JSON.parse(text) as { orders: { orderId: string }[] }).orders
    const last = [...orders].slice(-50)
    expect(last.filter((id) => !kept.some(({ orderId }) => orderId === id))).toEqual([])
  })
})

describe('wrong passwords', () => {
  const password = randomUUID()
  const register = async (from: string) => {
    const email = `${randomUUID()}@example.com`
    const body = { email, password, name: 'Ada' }
    expect((await send('/users', { method: 'POST', body, from })).status).toBe(201)
    return email
  }
  const signIn = (email: string, given: string, from: string, headers = {}) =>
    send('/sessions', { method: 'POST', body: { email, password: given }, from, headers })

  /** Guesses at as many accounts, four at a time. Returns the statuses. */
  async function guess(times: number, from: string, headers: () => Record<string, string>) {
    const statuses: number[] = []
    for (let n = 0; n < times; n += 4) {
      const four = Array.from({ length: Math.min(4, times - n) }, () =>
        signIn(`${randomUUID()}@example.com`, 'wrong', from, headers()),
      )
      statuses.push(...(await Promise.all(four)).map(({ status }) => status))
    }
    return statuses
  }

  it('100 from one address lock out only that address', async () => {
    const [home, away] = [addressOf(2), addressOf(3)]
    const neighbour = await register(away)
    expect(await guess(100, home, () => ({}))).toEqual(Array(100).fill(401))
    expect((await signIn(neighbour, password, home)).status).toBe(429)
    expect((await signIn(`${randomUUID()}@example.com`, 'wrong', home)).status).toBe(429)
    expect((await signIn(neighbour, 'wrong', away)).status).toBe(401)
    expect((await signIn(neighbour, password, away)).status).toBe(200)
    expect((await signIn(neighbour, password, addressOf(4))).status).toBe(200)
  })

  it('of a client that makes up addresses lock out that client, and not its victim', async () => {
    const [attacker, victim] = [addressOf(5), addressOf(6)]
    const email = await register(victim)
    let n = 0
    const claims = () => {
      n += 1
      const claimed = n % 2 ? victim : `10.1.2.${n}`
      return {
        'x-forwarded-for': `${claimed}, 127.0.0.1`,
        'x-client-address': claimed,
        'x-real-ip': claimed,
        forwarded: `for=${claimed}`,
      }
    }
    expect(await guess(100, attacker, claims)).toEqual(Array(100).fill(401))
    expect((await signIn(email, password, attacker, claims())).status).toBe(429)
    expect((await signIn(email, password, victim)).status).toBe(200)
  })

  it('of a client that evades NGINX and forges its headers count for its connection', async () => {
    const email = await register(addressOf(7))
    const attempt = (port: number, n: number) =>
      send('/sessions', {
        method: 'POST',
        body: { email, password: 'wrong' },
        headers: { 'x-forwarded-for': `10.9.9.${n}`, 'x-client-address': `10.9.9.${n}` },
        origin: `http://127.0.0.1:${port}`,
        from: addressOf(8),
      })
    const statuses: number[] = []
    for (let n = 0; n < 12; n += 1)
      statuses.push((await attempt(gatewayPorts[n % 2] ?? 0, n)).status)
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
    expect((await signIn(email, password, addressOf(7))).status).toBe(200)
  })
})

it('the rate limit is one for both gateways', async () => {
  const seconds = 5
  const flood = async (port: number) => {
    const statuses: number[] = []
    const options = {
      from: addressOf(33),
      origin: `http://127.0.0.1:${port}`,
      headers: { authorization: 'Bearer x' },
    }
    for (const endsAt = Date.now() + seconds * 1000; Date.now() < endsAt; ) {
      const some = Array.from({ length: 20 }, () => send('/orders', options))
      statuses.push(...(await Promise.all(some)).map(({ status }) => status))
    }
    return statuses
  }
  const all = (await Promise.all(gatewayPorts.map(flood))).flat()
  const admitted = all.filter((status) => status === 401).length
  expect(new Set(all)).toEqual(new Set([401, 429]))
  // 100 a second, a tenth more for the second gateway; the first and the last second are not whole
  expect(admitted).toBeLessThanOrEqual(110 * (seconds + 1))
  expect(admitted).toBeGreaterThanOrEqual(100 * (seconds - 2))
})

it('the rate limit of the gateway counts each client behind NGINX', async () => {
  const many = Array.from({ length: 400 }, () =>
    send('/orders', { from: addressOf(30), headers: { authorization: 'Bearer x' } }),
  )
  const statuses = (await Promise.all(many)).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([401, 429]))
  expect((await send('/products', { from: addressOf(31) })).status).toBe(200)
  expect(gateway).toBe(shopUrl)
})
