import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Link, openLink } from './network-proxies.ts'

/** An echo server. */
const echo = createServer((socket) => {
  socket.on('error', () => {}).pipe(socket)
})
let link: Link
let client: Socket

beforeEach(async () => {
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  free.close()
  await once(free, 'close')
  link = await openLink(port, (echo.address() as AddressInfo).port)
  client = connect(port, '127.0.0.1')
  await once(client, 'connect')
})
afterEach(async () => {
  client.destroy()
  await link.close()
  echo.close()
})

async function echoOf(text: string): Promise<string> {
  client.write(text)
  const [answer] = (await once(client, 'data')) as [Buffer]
  return answer.toString()
}

test('a link passes everything on', async () => {
  expect(await echoOf('hello')).toBe('hello')
})

test('a slow link passes it later', async () => {
  link.delay(60)
  const began = performance.now()
  expect(await echoOf('hello')).toBe('hello')
  expect(performance.now() - began).toBeGreaterThanOrEqual(118)
})

test('a cut link passes nothing until it is healed, and then all', async () => {
  link.cut()
  const answer = echoOf('hello')
  expect(await Promise.race([answer, aMoment()])).toBe('nothing')
  link.heal()
  expect(await answer).toBe('hello')
})

test('a reset ends what is connected, not what connects later', async () => {
  await echoOf('hello')
  link.reset()
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
})

const aMoment = () => new Promise((resolve) => setTimeout(resolve, 50, 'nothing'))
