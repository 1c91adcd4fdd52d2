import { refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gatewayTo } from './testing.ts'

const log = createLog('gateway', 'silent')
let tokens: TestTokens
let gateway: App
/** Refresh tokens received by users. */
let presented: string[]

beforeAll(async () => {
  tokens = await testTokens()
})

beforeEach(() => {
  presented = []
  gateway = gatewayTo({ users: users() }, tokens)
})

function users(): App {
  const app = createApp({
    name: 'users',
    log,
    problems: { 'session-ended': { status: 401, title: 'The session has ended' } },
  })
  app.post('/sessions', (c) => c.json({ accessToken: 'a1', refreshToken: 'r1', expiresIn: 900 }))
  app.post('/sessions/refresh', async (c) => {
    const { refreshToken } = await c.req.json()
    presented.push(refreshToken)
    if (refreshToken === 'old') throw refused('session-ended', 'Sign in again.')
    return c.json({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 900 })
  })
  app.post('/sessions/logout', async (c) => {
    presented.push((await c.req.json()).refreshToken)
    return c.body(null, 204)
  })
  return app
}

const post = (path: string, headers: Record<string, string> = {}, body = '{}') =>
  gateway.request(path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
const asCookie = { 'x-session': 'cookie' }
const withCookie = (token: string) => ({ ...asCookie, cookie: `sidecart-session=${token}` })

describe('a browser that asks for it', () => {
  it('gets its refresh token as a cookie that no script and no other site can use', async () => {
    const answer = await post('/sessions', asCookie)
    expect(await answer.json()).toEqual({ accessToken: 'a1', expiresIn: 900 })
    const cookie = answer.headers.get('set-cookie')
    expect(cookie).toMatch(/^sidecart-session=r1; /)
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/sessions'])
      expect(cookie).toContain(attribute)
    expect(cookie).not.toContain('Secure')
  })

  it('gets a cookie for TLS only, where a trusted proxy says that there is TLS in front', async () => {
    gateway = gatewayTo({ users: users() }, tokens, {
      trustedProxies: (peer) => peer === '10.0.0.1',
    })
    const cookieFrom = async (remoteAddress: string) => {
      const headers = { ...asCookie, 'x-forwarded-proto': 'https' }
      const env = { incoming: { socket: { remoteAddress } } }
      const answer = await gateway.request(
        '/sessions',
        { method: 'POST', body: '{}', headers },
        env,
      )
      return answer.headers.get('set-cookie')
    }
    expect(await cookieFrom('10.0.0.1')).toMatch(/^__Secure-sidecart-session=r1; .*Secure/)
    expect(await cookieFrom('10.0.0.2')).toMatch(/^sidecart-session=r1; (?!.*Secure)/)
  })

  it('gets no cookie for TLS only because it says itself that there is TLS', async () => {
    const answer = await post('/sessions', { ...asCookie, 'x-forwarded-proto': 'https' })
    expect(answer.headers.get('set-cookie')).toMatch(/^sidecart-session=r1; (?!.*Secure)/)
  })

  it('gets and sends a cookie for TLS only, where the shop’s own address says so', async () => {
    gateway = gatewayTo({ users: users() }, tokens, { isSecure: true })
    const answer = await post('/sessions', asCookie)
    expect(answer.headers.get('set-cookie')).toMatch(/^__Secure-sidecart-session=r1; .*Secure/)
    const cookie = { ...asCookie, cookie: '__Secure-sidecart-session=r1' }
    expect((await post('/sessions/refresh', cookie)).status).toBe(200)
    expect((await post('/sessions/refresh', withCookie('r9'))).status).toBe(401)
    expect(presented).toEqual(['r1'])
  })

  it('refreshes with the cookie, and gets the next one', async () => {
    const answer = await post('/sessions/refresh', withCookie('r1'))
    expect(presented).toEqual(['r1'])
    expect(await answer.json()).toEqual({ accessToken: 'a2', expiresIn: 900 })
    expect(answer.headers.get('set-cookie')).toContain('sidecart-session=r2')
  })

  it('loses the cookie when the session has ended, and when it signs out', async () => {
    const ended = await post('/sessions/refresh', withCookie('old'))
    expect(ended.status).toBe(401)
    expect(ended.headers.get('set-cookie')).toContain('Max-Age=0')
    const out = await post('/sessions/logout', withCookie('r2'))
    expect(out.status).toBe(204)
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0')
    expect(presented).toEqual(['old', 'r2'])
  })

  it('is told that nobody is signed in when it has no cookie', async () => {
    expect((await post('/sessions/refresh', asCookie)).status).toBe(401)
    expect(presented).toEqual([])
  })
})

describe('everybody else', () => {
  it('gets tokens in the body, and no cookie', async () => {
    const answer = await post('/sessions')
    expect(await answer.json()).toMatchObject({ refreshToken: 'r1' })
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  it('refreshes with the token of the body, whatever cookie comes along', async () => {
    await post('/sessions/refresh', { cookie: 'sidecart-session=r1' }, '{"refreshToken":"mine"}')
    expect(presented).toEqual(['mine'])
  })
})

describe('any cookie header', () => {
  const octet = fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code))
  const piece = fc.oneof(
    octet,
    fc.constantFrom('sidecart-session=', '__Secure-', ';', '; ', '=', '"', '%', '%00', '%C3', ' '),
  )
  const header = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))

  it('is a refresh token, or nobody is signed in; never an error', async () => {
    await fc.assert(
      fc.asyncProperty(header, async (cookie) => {
        presented = []
        const answer = await post('/sessions/refresh', { ...asCookie, cookie })
        const isToken = presented.length === 1 && presented[0] !== ''
        expect([answer.status, presented.length]).toEqual(isToken ? [200, 1] : [401, 0])
        if (isToken) expect(cookie).toContain('sidecart-session=')
      }),
      { numRuns: 500 },
    )
  }, 60_000)

  it('is never sent on to a service', async () => {
    await fc.assert(
      fc.asyncProperty(header, async (cookie) => {
        presented = []
        await post('/sessions/logout', { cookie }, '{"refreshToken":"from the body"}')
        expect(presented).toEqual(['from the body'])
      }),
      { numRuns: 100 },
    )
  }, 60_000)
})
