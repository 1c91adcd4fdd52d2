import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { serve } from '@hono/node-server'
import { until } from '@sidecart/testing/until.ts'
import { expect, onTestFinished, test } from 'vitest'
import { send } from '../../../tests/security/sidecars.ts'
import { createLog } from '../observability/log.ts'
import { createApp } from './app.ts'
import { limitClients, type PublicLimits, publicServerOptions } from './public-server.ts'

const usual: PublicLimits = {
  connections: 1_000,
  connectionsPerAddress: 500,
  headersMs: 500,
  requestMs: 1_000,
  idleMs: 3_000,
}

/** Starts a public server with one request at a time, and counts the requests begun. */
async function serving(limits: Partial<PublicLimits> = {}, maxArrivingPerAddress = 400) {
  let begun = 0
  const log = createLog('tests', 'silent')
  const { trustedProxies } = limits
  const app = createApp({
    name: 'tests',
    log,
    maxInFlight: 2,
    maxArrivingPerAddress,
    trustedProxies,
  })
  app.post('/echo', async (c) => {
    begun += 1
    return c.text(await c.req.text())
  })
  app.get('/large', (c) => c.body('x'.repeat(20_000_000)))
  const server = await new Promise<Server>((resolve) => {
    const one = serve(
      { fetch: app.fetch, hostname: '127.0.0.1', port: 0, serverOptions: publicServerOptions },
      () => resolve(one),
    ) as Server
  })
  limitClients(server, { ...usual, ...limits })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const echo = (text: string, headers: Record<string, string> = {}) =>
    send(port, 'POST', '/echo', { 'content-length': String(text.length), ...headers }, text)
  const connections = () =>
    new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  return { port, echo, begun: () => begun, connections }
}

/** Opens connections, sends `text` on each, then nothing more. */
async function slowClients(port: number, count: number, text: string) {
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      await new Promise((resolve) => socket.once('connect', resolve))
      socket.write(text)
      return socket
    }),
  )
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  return sockets
}

const allEnded = (sockets: Socket[]) =>
  until('the slow connections have ended', () => sockets.every((one) => one.destroyed), 10_000)

const isProxy = (address: string) => address === '127.0.0.1'
const slowBody = 'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx'

test('300 clients that send one byte of a body keep nobody else out, and are let go', async () => {
  const { port, echo, begun } = await serving()
  const slow = await slowClients(port, 300, slowBody)
  for (const socket of slow) socket.resume()
  for (let n = 0; n < 5; n += 1) expect(await echo('hello')).toMatchObject({ status: 200 })
  expect(begun()).toBe(5)
  await allEnded(slow)
  expect(await echo('hello')).toMatchObject({ status: 200 })
})

test('clients that send half a header, or nothing, are let go', async () => {
  const { port, echo } = await serving()
  const slow = [
    ...(await slowClients(port, 100, 'GET / HTTP/1.1\r\nhost: a\r\nx-slow: ')),
    ...(await slowClients(port, 100, '')),
  ]
  for (const socket of slow) socket.resume()
  expect((await echo('hello')).status).toBe(200)
  await allEnded(slow)
})

test('a client that does not read its answer is let go', async () => {
  const { port, echo, connections } = await serving({ idleMs: 500 })
  const slow = await slowClients(port, 20, 'GET /large HTTP/1.1\r\nhost: a\r\n\r\n')
  for (const socket of slow) socket.pause()
  expect((await echo('hello')).status).toBe(200)
  await until('the server has ended all connections', async () => (await connections()) === 0)
  for (const socket of slow) socket.destroy()
})

test('a body over the limit is refused, whether it says how long it is or not', async () => {
  const { port, echo, begun } = await serving()
  const large = 'x'.repeat(256 * 1024 + 1)
  expect((await echo(large)).status).toBe(413)
  const chunked = { 'transfer-encoding': 'chunked' }
  expect((await send(port, 'POST', '/echo', chunked, large)).status).toBe(413)
  expect(begun()).toBe(0)
})

test('bodies on their way from one address are limited', async () => {
  const { port, echo } = await serving({}, 3)
  await slowClients(port, 3, slowBody)
  await until('the fourth is refused', async () => (await echo('hello')).status === 429)
})

test('connections of one address are limited, and new ones come when old ones have ended', async () => {
  const { port, echo } = await serving({ connectionsPerAddress: 5, headersMs: 10_000 })
  const slow = await slowClients(port, 5, 'GET /')
  await expect(echo('hello')).rejects.toThrow()
  slow[0]?.destroy()
  await until('there is room again', () =>
    echo('hello').then(
      ({ status }) => status === 200,
      () => false,
    ),
  )
})

/** The status lines that a server sends for these bytes on one connection. */
async function statuses(port: number, bytes: string): Promise<string[]> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  const ended = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  socket.write(bytes)
  await ended
  return received.match(/^HTTP\/1\.1 \d+/gm) ?? []
}

const hidden = 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'
const post = 'POST /echo HTTP/1.1\r\nhost: a\r\n'

test.each([
  ['two lengths', `${post}content-length: 5\r\ncontent-length: 6\r\n\r\nhello${hidden}`],
  [
    'a length and chunks',
    `${post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  [
    'chunks that are not the last coding',
    `${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  ['a space before the colon', `${post}content-length : 5\r\n\r\nhello${hidden}`],
  ['a line of a header that goes on', `${post}x: a\r\n content-length: 5\r\n\r\nhello${hidden}`],
  ['a length that is no number', `${post}content-length: +5\r\n\r\nhello${hidden}`],
  ['a bare carriage return', `${post}x: a\rcontent-length: 5\r\n\r\nhello${hidden}`],
])('no second request hides behind %s', async (_, bytes) => {
  const { port, begun } = await serving()
  expect(await statuses(port, bytes)).toEqual(['HTTP/1.1 400'])
  expect(begun()).toBe(0)
})

test('connections of a trusted proxy are limited in total only, and those of others as ever', async () => {
  const limits = { connections: 8, connectionsPerAddress: 2, headersMs: 10_000 }
  const { port, echo } = await serving({ ...limits, trustedProxies: isProxy })
  await slowClients(port, 7, 'GET /')
  expect(await echo('hello')).toMatchObject({ status: 200 })
  const strict = await serving({ ...limits, trustedProxies: () => false })
  await slowClients(strict.port, 2, 'GET /')
  await expect(strict.echo('hello')).rejects.toThrow()
})

test('bodies on their way are limited per client of a trusted proxy', async () => {
  const { port, echo } = await serving({ trustedProxies: isProxy }, 3)
  const from = (client: string) => ({ 'x-forwarded-for': client })
  const ofOne = slowBody.replace('\r\n\r\n', '\r\nx-forwarded-for: 203.0.113.1\r\n\r\n')
  await slowClients(port, 3, ofOne)
  const refused = async () => (await echo('hello', from('203.0.113.1'))).status === 429
  await until('the fourth of one client is refused', refused)
  expect(await echo('hello', from('203.0.113.2'))).toMatchObject({ status: 200 })
  expect(await echo('hello', from('203.0.113.1, 203.0.113.2'))).toMatchObject({ status: 200 })
})
