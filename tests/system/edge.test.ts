import { randomUUID } from 'node:crypto'
import { publicRoutes } from '@sidecart/platform/config/manifest.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import { databases } from '@sidecart/platform/config/secrets.ts'
import { SignJWT } from 'jose'
import pg from 'pg'
import { request } from 'undici'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  ask,
  directGateway,
  newCustomer,
  orderOf,
  type Person,
  placed,
  secrets,
} from './client.ts'
import { appConfigs } from './shop.ts'

const mug = 'MUG-ENAMEL-BLUE'
let ada: Person
let bob: Person

beforeAll(async () => {
  ada = await newCustomer()
  bob = await newCustomer()
})

describe('bad input is a problem, and nothing is stored', () => {
  const good = orderOf(mug)
  const key = () => ({ 'idempotency-key': randomUUID() })

  it.each<[string, unknown, number]>([
    ['an unknown field', { ...good, gift: true }, 400],
    ['a wrong type', { ...good, lines: [{ sku: mug, quantity: '1' }] }, 400],
    ['a negative quantity', { ...good, lines: [{ sku: mug, quantity: -1 }] }, 400],
    ['an unknown product', orderOf('NO-SUCH-THING'), 422],
    ['10 MB', 'x'.repeat(10_000_000), 413],
    ['broken JSON', '{"lines":', 400],
  ])('%s', async (_, body, status) => {
    const answer = await ada.ask('POST', '/orders', body, key())
    expectProblem(answer, status)
    expect((await ada.ask('GET', '/orders')).body.orders).toEqual([])
  })

  it('a wrong method says which are right', async () => {
    const answer = await ada.ask('DELETE', '/orders')
    expectProblem(answer, 405)
    expect(answer.headers.get('allow')).toBe('GET, POST')
  })

  it.each(['TRACE', 'PROPFIND', 'OPTIONS'])(
    '%s is no method of any route, anyone who asks',
    async (method) => {
      const { statusCode, headers } = await request(`${directGateway}/orders`, {
        method: method as 'GET',
      })
      expect({ statusCode, allow: headers.allow }).toEqual({ statusCode: 405, allow: 'GET, POST' })
    },
  )

  it('an expired, forged or missing token', async () => {
    const key = new TextEncoder().encode('guess')
    const forged = await new SignJWT({ role: 'operator' })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(ada.userId)
      .setExpirationTime('1h')
      .sign(key)
    for (const authorization of ['', 'Bearer nonsense', `Bearer ${forged}`])
      expectProblem(await ask('GET', '/orders', undefined, { authorization }), 401)
  })

  it('somebody else’s order is as if it did not exist', async () => {
    const orderId = await placed(bob, good)
    const strange = await ada.ask('GET', `/orders/${orderId}`)
    const missing = await ada.ask('GET', '/orders/018f0000-0000-7000-8000-0000000000ff')
    expectProblem(strange, 404)
    expectProblem(missing, 404)
    expect(strange.body.title).toBe(missing.body.title)
  })

  function expectProblem({ status, headers, body }: Answer, expected: number): void {
    expect(status).toBe(expected)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(body).toMatchObject({
      status: expected,
      code: expect.any(String),
      requestId: expect.any(String),
    })
  }
})

describe('paths that clients must not reach', () => {
  it('internal routes do not exist for the outside', async () => {
    expect((await ada.ask('PUT', `/internal/charges/${randomUUID()}`, {})).status).toBe(404)
    expect((await ada.ask('POST', '/events/orders-placed-v1', {})).status).toBe(404)
  })

  it('a service refuses a call that did not come through its sidecar', async () => {
    for (const { appID, appPort } of appConfigs.filter(({ appID }) => appID !== 'gateway')) {
      expect((await fetch(`http://127.0.0.1:${appPort}/openapi.json`)).status, appID).toBe(403)
    }
  })

  it('a sidecar refuses a caller without its token', async () => {
    for (const { appID, daprHTTPPort } of appConfigs) {
      const answer = await fetch(
        `http://127.0.0.1:${daprHTTPPort}/v1.0/invoke/catalog/method/products`,
      )
      expect(answer.status, appID).toBe(401)
    }
  })

  it('every port listens on this machine only', async () => {
    const { networkInterfaces } = await import('node:os')
    const outside = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
    for (const { address } of outside) {
      for (const { appPort, daprHTTPPort } of appConfigs) {
        for (const port of [appPort, daprHTTPPort])
          await expect(
            fetch(`http://${address}:${port}/healthz`),
            `${address}:${port}`,
          ).rejects.toThrow()
      }
    }
  })
})

describe('a database belongs to one service', () => {
  const owned = databases

  it.each(owned)('the role of %s connects to its own and to no other', async (owner) => {
    const own = new URL(secrets()[`${owner}-database`] ?? '')
    await connects(own.href)
    for (const other of owned.filter((name) => name !== owner)) {
      const url = new URL(own)
      url.pathname = `/${other}`
      await expect(connects(url.href), `${owner} → ${other}`).rejects.toThrow(
        /permission denied for database/,
      )
    }
  })

  async function connects(connectionString: string): Promise<void> {
    const client = new pg.Client({ connectionString })
    await client.connect()
    await client.end()
  }
})

describe('the API document', () => {
  it('describes every service, and nothing internal', async () => {
    const { body } = await ask('GET', '/openapi.json')
    const paths = Object.keys(body.paths as object)
    const owned = inner.flatMap(publicRoutes).map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(owned))
    expect(paths).toContain('/payments/{orderId}')
    expect(paths.filter((path) => /internal|events/.test(path))).toEqual([])
  })
})
