import { testTokens } from '@sidecart/testing/tokens.ts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { refused } from '../core/errors.ts'
import { createApp } from '../http/app.ts'
import { type Role, signedIn } from '../http/authentication.ts'
import { createLog } from './log.ts'
import { createSecurityLog } from './security-log.ts'

let lines: Record<string, unknown>[]
const log = createLog('tests', 'info', {
  write(text) {
    const line = JSON.parse(text) as Record<string, unknown>
    if (line.securityEvent) lines.push(line)
  },
})
beforeEach(() => {
  lines = []
})

describe('a flood', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('of one source is cut off and counted, and hides no other source', () => {
    const security = createSecurityLog(log, { perSource: 2, perEvent: 3, windowMs: 1_000 })
    for (let n = 0; n < 50; n += 1) security('authz_fail', { sourceIp: 'a' })
    security('authz_fail', { sourceIp: 'b' })
    security('excess_rate_limit_exceeded', { sourceIp: 'a' })
    expect(lines.map(({ securityEvent, sourceIp }) => [securityEvent, sourceIp])).toEqual([
      ['authz_fail', 'a'],
      ['authz_fail', 'a'],
      ['authz_fail', 'b'],
      ['excess_rate_limit_exceeded', 'a'],
    ])
    vi.advanceTimersByTime(1_000)
    expect(lines.at(-1)).toMatchObject({ securityEvent: 'authz_fail', suppressed: 48 })
    security('authz_fail', { sourceIp: 'a' })
    expect(lines.at(-1)).toMatchObject({ securityEvent: 'authz_fail', sourceIp: 'a' })
  })

  test('of many sources is cut off too', () => {
    const security = createSecurityLog(log, { perSource: 2, perEvent: 5, windowMs: 1_000 })
    for (let n = 0; n < 50; n += 1) security('authz_fail', { sourceIp: `${n}` })
    expect(lines).toHaveLength(5)
  })
})

describe('an app writes to the security log', () => {
  const ada = '018f0000-0000-7000-8000-00000000000a'

  async function app(role: Role = 'customer') {
    const tokens = await testTokens()
    const made = createApp({
      name: 'tests',
      log,
      appToken: 'app-token',
      problems: {
        'wrong-password': { status: 403, title: 'Wrong', event: 'authn_login_fail' },
      },
    })
    made.use('/orders/*', signedIn(tokens.verify, 'operator'))
    made.get('/orders/1', (c) => c.json({}))
    made.post('/orders/1', (c) => c.json({}))
    made.get('/busy', () => {
      throw refused('too-many-requests', 'Later.', { retryAfterSeconds: 7 })
    })
    made.get('/password', () => {
      throw refused('wrong-password', 'No.')
    })
    made.get('/gone', () => {
      throw refused('not-found', 'No.')
    })
    const bearer = await tokens.bearer(ada, role)
    const ask = (path: string, headers = {}, method = 'GET') =>
      made.request(path, {
        method,
        headers: {
          'dapr-api-token': 'app-token',
          'x-client-address': '203.0.113.9',
          'x-request-id': 'r-1',
          ...headers,
        },
      })
    return { ask, bearer }
  }

  test.each([
    ['401, without a token', '/orders/1', {}, 'authz_fail', 401, 'unauthenticated'],
    [
      '401, with a bad token',
      '/orders/1',
      { authorization: 'Bearer secret' },
      'authz_fail',
      401,
      'unauthenticated',
    ],
    [
      '403, without the app token',
      '/busy',
      { 'dapr-api-token': 'guess' },
      'authz_fail',
      403,
      'forbidden',
    ],
    ['429', '/busy', {}, 'excess_rate_limit_exceeded', 429, 'too-many-requests'],
    ['what a service says it is', '/password', {}, 'authn_login_fail', 403, 'wrong-password'],
  ])('%s', async (_, path, headers, securityEvent, status, code) => {
    const { ask } = await app()
    await ask(path, headers)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: 'warn',
      service: 'tests',
      securityEvent,
      sourceIp: '203.0.113.9',
      method: 'GET',
      path,
      status,
      code,
      requestId: 'r-1',
    })
    expect(JSON.stringify(lines)).not.toMatch(/secret|guess|app-token/)
  })

  test('403 with the user who was not allowed to', async () => {
    const { ask, bearer } = await app()
    await ask('/orders/1', bearer)
    expect(lines).toMatchObject([{ securityEvent: 'authz_fail', userId: ada, status: 403 }])
    expect(JSON.stringify(lines)).not.toContain(bearer.authorization.split('.')[1])
  })

  test('what an operator did, and where', async () => {
    const { ask, bearer } = await app('operator')
    await ask('/orders/1', bearer)
    expect(lines).toEqual([])
    await ask('/orders/1', bearer, 'POST')
    expect(lines).toMatchObject([
      {
        level: 'info',
        securityEvent: 'authz_admin',
        userId: ada,
        method: 'POST',
        path: '/orders/1',
        status: 200,
      },
    ])
  })

  test('no other answer', async () => {
    const { ask } = await app()
    for (const path of ['/gone', '/nowhere', '/healthz']) await ask(path)
    expect(lines).toEqual([])
  })
})
