import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { send } from './sidecar-http.ts'

async function serving(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1, pipelining: 1 })
  onTestFinished(async () => {
    await pool.destroy()
    server.closeAllConnections()
    server.close()
  })
  const request = { method: 'POST', path: '/things', headers: { 'x-mark': 'a' }, body: 'hello' }
  return (timeoutMs = 1_000) => send(pool, request, timeoutMs)
}

test('a response is collected whole, with its status and its headers', async () => {
  const ask = await serving((request, response) => {
    response.writeEarlyHints({ link: '</a>; rel=preload' })
    response.writeHead(418, { 'x-mark': request.headers['x-mark'] })
    response.write('in ')
    setTimeout(() => response.end('parts'), 20)
  })
  const { status, headers, body } = await ask()
  expect([status, headers['x-mark'], Buffer.from(body).toString()]).toEqual([418, 'a', 'in parts'])
})

test('a response without a body is empty', async () => {
  const ask = await serving((_, response) => response.writeHead(204).end())
  expect(await ask()).toMatchObject({ status: 204, body: { length: 0 } })
})

test('a response that does not come in time is an error, and its connection is given up', async () => {
  const ended = Promise.withResolvers<void>()
  let slow = true
  const ask = await serving((request, response) => {
    request.socket.once('close', () => ended.resolve())
    if (slow) response.write('half')
    else response.end('whole')
  })
  await expect(ask(50)).rejects.toThrow('no answer within 50 ms')
  await ended.promise
  slow = false
  expect(Buffer.from((await ask()).body).toString()).toBe('whole')
})

test('a request that waited too long for a connection is not sent any more', async () => {
  let served = 0
  const ask = await serving((_, response) => {
    served += 1
    setTimeout(() => response.end(), 100)
  })
  const first = ask()
  await expect(ask(30)).rejects.toThrow('no answer within 30 ms')
  await first
  await ask()
  expect(served).toBe(2)
})

test('a connection that breaks is an error', async () => {
  const ask = await serving((request) => request.socket.destroy())
  await expect(ask()).rejects.toThrow()
})
