import { once } from 'node:events'
import { request as ask, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { serve } from '@hono/node-server'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { body, createRoute, json, z } from '../contract/openapi.ts'
import { createLog } from '../observability/log.ts'
import { type App, createApp } from './app.ts'

const ok = { 200: json(z.object({ ok: z.boolean() })) }
const routes = {
  list: createRoute({
    method: 'get',
    path: '/things',
    request: { query: z.object({ limit: z.string().optional() }) },
    responses: ok,
  }),
  act: createRoute({ method: 'post', path: '/things/act', responses: ok }),
  remove: createRoute({ method: 'delete', path: '/things', responses: ok }),
  add: createRoute({
    method: 'post',
    path: '/things',
    request: { body: body(z.strictObject({ name: z.string() })) },
    responses: ok,
  }),
  amend: createRoute({
    method: 'patch',
    path: '/things',
    request: { body: { ...body(z.strictObject({ name: z.string() })), required: false } },
    responses: ok,
  }),
  choose: createRoute({
    method: 'put',
    path: '/things',
    request: { body: body(z.strictObject({ name: z.string().optional() })) },
    responses: ok,
  }),
}

let app: App
let server: ReturnType<typeof serve>
let url: string
beforeAll(async () => {
  app = createApp({ name: 'things', log: createLog('things', 'silent') })
  for (const route of Object.values(routes)) app.openapi(route, (c) => c.json({ ok: true }, 200))
  app.get('/outside', (c) => c.json({}))
  server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
})
afterAll(() => void server.close())

const type = { 'content-type': 'application/json' }

describe.each([
  ['in memory', (path: string, init: RequestInit) => app.request(path, init)],
  ['over HTTP', (path: string, init: RequestInit) => fetch(`${url}${path}`, init)],
])('%s', (_, ask) => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'x'])(
    'a body of type %s where JSON is taken',
    async (type) => {
      for (const method of ['POST', 'PATCH']) {
        const init = { method, body: '{"name":"a"}', headers: { 'content-type': type } }
        expect((await ask('/things', init)).status, method).toBe(415)
      }
    },
  )

  test.each([
    ['a parameter that the route names', '/things?limit=1', {}, 200],
    ['a parameter that it does not name', '/things?limit=1&all=yes', {}, 400],
    ['a parameter that comes twice', '/things?limit=1&limit=2', {}, 400],
    ['a parameter where it names none', '/things/act?force=1', { method: 'POST' }, 400],
    ['a parameter beside a body', '/things?x=1', { method: 'POST', body: '{"name":"a"}' }, 400],
    ['an unknown field', '/things', { method: 'POST', body: '{"name":"a","admin":true}' }, 400],
    [
      'a field that would change a prototype',
      '/things',
      { method: 'POST', body: '{"name":"a","__proto__":{"admin":true}}' },
      400,
    ],
    ['no body where each field may be missing', '/things', { method: 'PUT' }, 400],
    ['an empty body where each field may be missing', '/things', { method: 'PUT', body: '' }, 400],
    [
      'an empty object where each field may be missing',
      '/things',
      { method: 'PUT', body: '{}' },
      200,
    ],
    ['no body where none is taken', '/things/act', { method: 'POST' }, 200],
    ['an empty body where none is taken', '/things/act', { method: 'POST', body: '' }, 200],
    ['a body where none is taken', '/things/act', { method: 'POST', body: '{"amount":1}' }, 400],
    ['an empty object where none is taken', '/things/act', { method: 'POST', body: '{}' }, 400],
    [
      'a body that is no JSON where none is taken',
      '/things/act',
      { method: 'POST', body: 'x' },
      400,
    ],
    ['a body with DELETE', '/things', { method: 'DELETE', body: '{"all":true}' }, 400],
  ])('%s', async (_, path, init, status) => {
    const answer = await ask(path, { headers: type, ...init })
    expect(answer.status).toBe(status)
    if (status === 400) expect(await answer.json()).toMatchObject({ code: 'invalid-request' })
  })
})

test('the field or parameter at fault is named', async () => {
  const answer = await app.request('/things?all=yes&limit=1&any=no')
  expect(await answer.json()).toMatchObject({
    errors: [
      { field: 'all', message: 'Unknown parameter' },
      { field: 'any', message: 'Unknown parameter' },
    ],
  })
})

test.each(['/things', '/outside'])('a body to read %s with is refused', async (path) => {
  const answer = await request(`${url}${path}`, { method: 'GET', body: '{"a":1}' })
  expect(answer.statusCode).toBe(400)
})

/** Sends a GET that announces a body of unknown length, as Go does on a busy machine. Returns the status. */
async function getAnnouncing(at: string, body: string): Promise<number | undefined> {
  const headers = { 'transfer-encoding': 'chunked', 'dapr-api-token': 'token' }
  const sent = ask(at, { method: 'GET', headers }).end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  await answer.resume().toArray()
  return answer.statusCode
}

test.each(['/things', '/outside'])(
  'an empty body of unknown length to read %s with is none behind a sidecar, and refused at a public port',
  async (path) => {
    const inner = createApp({
      name: 'inner',
      log: createLog('things', 'silent'),
      appToken: 'token',
    })
    inner.openapi(routes.list, (c) => c.json({ ok: true }, 200))
    inner.get('/outside', (c) => c.json({}))
    const behind = serve({ fetch: inner.fetch, hostname: '127.0.0.1', port: 0 })
    onTestFinished(() => void behind.close())
    await once(behind, 'listening')
    const there = `http://127.0.0.1:${(behind.address() as { port: number }).port}${path}`
    expect(await getAnnouncing(there, '')).toBe(200)
    expect(await getAnnouncing(there, '{"a":1}')).toBe(400)
    expect(await getAnnouncing(`${url}${path}`, '')).toBe(400)
  },
)

test('a body of unknown length where none is taken is refused', async () => {
  const chunks = async function* () {
    yield Buffer.from('{"amount":')
    yield Buffer.from('1}')
  }
  const answer = await request(`${url}/things/act`, {
    method: 'POST',
    body: Readable.from(chunks()),
  })
  expect(answer.statusCode).toBe(400)
})
