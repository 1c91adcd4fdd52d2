import { testTokens } from '@sidecart/testing/tokens.ts'
import { describe, expect, it } from 'vitest'
import { body, createRoute, json, z } from '../contract/openapi.ts'
import { readEnvironment } from '../core/environment.ts'
import { Fault, refused } from '../core/errors.ts'
import { createLog } from '../observability/log.ts'
import { createApp } from './app.ts'
import { signedIn } from './authentication.ts'

const log = createLog('tests', 'silent')
const echo = createRoute({
  method: 'post',
  path: '/echo/{id}',
  request: {
    params: z.strictObject({ id: z.string() }),
    body: body(z.strictObject({ text: z.string() })),
  },
  responses: { 200: json(z.object({ text: z.string() })) },
})

function app(options: { appToken?: string; metricsToken?: string; maxBodyBytes?: number } = {}) {
  const created = createApp({
    name: 'tests',
    log,
    problems: { taken: { status: 409, title: 'Taken' } },
    ...options,
  })
  created.openapi(echo, (c) => c.json({ text: c.req.valid('json').text }, 200))
  created.get('/refuse', () => {
    throw refused('taken', 'Somebody was faster.')
  })
  created.get('/fault', () => {
    throw new Fault('unavailable', 'password=hunter2 at db.internal')
  })
  created.get('/bug', () => {
    throw new Error('secret stack')
  })
  return created
}

const post = (text: string, headers = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: text,
})

describe('an error answer', () => {
  it('is a problem document with code, status and request id', async () => {
    const answer = await app().request('/refuse', { headers: { 'x-request-id': 'abc' } })
    expect(answer.status).toBe(409)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({
      code: 'taken',
      title: 'Taken',
      detail: 'Somebody was faster.',
      requestId: 'abc',
    })
  })

  it.each([
    ['/fault', 503],
    ['/bug', 500],
  ])('%s shows nothing of the inside', async (path, status) => {
    const answer = await app().request(path)
    expect(answer.status).toBe(status)
    expect(await answer.text()).not.toMatch(/hunter2|secret stack|db\.internal/)
  })

  it('names every field at fault', async () => {
    const answer = await app().request('/echo/1', post('{"text":7,"more":1}'))
    expect(answer.status).toBe(400)
    const { errors } = (await answer.json()) as { errors: { field: string }[] }
    expect(errors.map(({ field }) => field).sort()).toEqual(['more', 'text'])
  })

  it.each([
    ['broken JSON', post('{'), 400],
    ['no body', { method: 'POST' }, 400],
    [
      'a body of another type',
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'hi' },
      415,
    ],
    ['a body that is too large', post(`{"text":"${'x'.repeat(2_000)}"}`), 413],
    ['a wrong method', { method: 'PUT' }, 405],
  ])('%s', async (_, request, status) => {
    const answer = await app({ maxBodyBytes: 1_000 }).request('/echo/1', request)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    if (status === 405) expect(answer.headers.get('allow')).toBe('POST')
  })

  it('is 405 with Allow before a sign-in is asked for or a body is read, and 401 otherwise', async () => {
    const { verify } = await testTokens()
    const created = createApp({ name: 'tests', log })
    created.use('/mine/*', signedIn(verify, 'operator'))
    created.post('/mine/:id', (c) => c.json({}))
    const ask = async (method: string, headers = {}) => {
      const answer = await created.request('/mine/1', { method, headers })
      return [answer.status, answer.headers.get('allow')]
    }
    expect(await ask('POST')).toEqual([401, null])
    expect(await ask('PUT')).toEqual([405, 'POST'])
    expect(await ask('GET', { 'content-length': '5' })).toEqual([405, 'POST'])
    expect((await created.request('/mine/1/more', { method: 'PUT' })).status).toBe(401)
  })

  it('an unknown path is 404', async () => {
    expect((await app().request('/nothing')).status).toBe(404)
  })
})

describe('the sidecar token', () => {
  const guarded = app({ appToken: 'secret', metricsToken: 'of a public port' })

  it('refuses a call that did not come through the sidecar', async () => {
    expect((await guarded.request('/echo/1', post('{"text":"a"}'))).status).toBe(403)
    expect(
      (await guarded.request('/echo/1', post('{"text":"a"}', { 'dapr-api-token': 'wrong!' })))
        .status,
    ).toBe(403)
    expect(
      (await guarded.request('/echo/1', post('{"text":"a"}', { 'dapr-api-token': 'secret' })))
        .status,
    ).toBe(200)
  })

  it('is asked for whatever the method', async () => {
    expect((await guarded.request('/echo/1', { method: 'PUT' })).status).toBe(403)
  })

  it('lets probes pass', async () => {
    expect((await guarded.request('/healthz')).status).toBe(200)
    expect((await guarded.request('/readyz')).status).toBe(200)
    expect(await (await guarded.request('/metrics')).text()).toContain(
      'http_request_duration_seconds',
    )
  })
})

describe('authentication', () => {
  it('lets a valid token pass, and only with the right role', async () => {
    const tokens = await testTokens()
    const created = createApp({ name: 'tests', log })
    created.use('/mine', signedIn(tokens.verify))
    created.use('/ours', signedIn(tokens.verify, 'operator'))
    created.get('/mine', (c) => c.json(c.var.identity))
    created.get('/ours', (c) => c.json(c.var.identity))
    const userId = '018f0000-0000-7000-8000-00000000000a'
    const customer = { headers: await tokens.bearer(userId) }
    expect(await (await created.request('/mine', customer)).json()).toEqual({
      userId,
      role: 'customer',
    })
    expect((await created.request('/ours', customer)).status).toBe(403)
    expect(
      (await created.request('/ours', { headers: await tokens.bearer(userId, 'operator') })).status,
    ).toBe(200)
    const expired = await created.request('/mine', {
      headers: await tokens.bearer(userId, 'customer', '-1s'),
    })
    expect(expired.status).toBe(401)
    expect(expired.headers.get('www-authenticate')).toBe('Bearer')
    const stranger = await testTokens()
    expect(
      (await created.request('/mine', { headers: await stranger.bearer(userId) })).status,
    ).toBe(401)
    const [header, payload] = (await tokens.bearer(userId)).authorization.slice(7).split('.')
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')
    for (const forged of [`${none}.${payload}.`, `${header}.${payload}.AAAA`, 'garbage', '']) {
      expect(
        (await created.request('/mine', { headers: { authorization: `Bearer ${forged}` } })).status,
      ).toBe(401)
    }
  })
})

describe('the API document', () => {
  it('lists the routes and that each can answer a problem', async () => {
    const document = (await (await app().request('/openapi.json')).json()) as {
      paths: Record<string, { post: { responses: object } }>
    }
    expect(document.paths['/echo/{id}']?.post.responses).toMatchObject({
      default: { content: { 'application/problem+json': {} } },
    })
  })
})

describe('the environment', () => {
  it('lists every fault at once', () => {
    const read = () =>
      readEnvironment({ PORT: z.coerce.number().int(), URL: z.url() }, { PORT: 'many' })
    expect(read).toThrow(/PORT: .*\n.*URL: not set/)
  })
})

describe('the log', () => {
  it('holds no secret', () => {
    const lines: string[] = []
    const secretive = createLog('tests', 'info', { write: (line) => void lines.push(line) })
    secretive.info(
      { password: 'hunter2', user: { token: 'abc123', card: 'card_approved' } },
      'signed in',
    )
    expect(lines.join()).not.toMatch(/hunter2|abc123|card_approved/)
    expect(lines.join()).toContain('signed in')
  })

  it('has one line for each entry, whatever a client sent, in UTC', () => {
    const lines: string[] = []
    const written = createLog('tests', 'info', { write: (line) => void lines.push(line) })
    const forged = 'x\r\n{"level":"info","securityEvent":"authn_login_success"}\u2028\u001b[2J'
    written.warn({ path: forged }, forged)
    expect(lines).toHaveLength(1)
    expect(lines[0]?.trimEnd()).not.toMatch(/\p{Cc}/u)
    const entry = JSON.parse(lines[0] ?? '')
    expect([entry.path, entry.msg, entry.securityEvent]).toEqual([forged, forged, undefined])
    expect(entry.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })
})

describe('the log', () => {
  it('has one line per request with its status, but none for a flood that is rate limited', async () => {
    const lines: Record<string, unknown>[] = []
    const write = (line: string) => void lines.push(JSON.parse(line))
    const created = createApp({ name: 'tests', log: createLog('tests', 'info', { write }) })
    created.get('/things/:id', (c) => c.json({}))
    created.get('/flood', () => {
      throw refused('too-many-requests', 'Later.')
    })
    for (const path of ['/things/1?card=secret', '/nothing', '/flood', '/healthz'])
      await created.request(path)
    const requests = lines.filter(({ msg }) => msg === 'request')
    expect(requests.map(({ method, path, status }) => [method, path, status])).toEqual([
      ['GET', '/things/1', 200],
      ['GET', '/nothing', 404],
    ])
    expect(requests.every(({ requestId, ms }) => requestId && ms !== undefined)).toBe(true)
  })
})
