import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'undici'
import { expect, it, onTestFinished } from 'vitest'
import { gracefulShutdown } from './graceful-shutdown.ts'

/** Starts a server that answers `/slow` on demand, and a client with one connection. */
async function opened() {
  const slow = Promise.withResolvers<void>()
  const server = createServer(async (request, response) => {
    if (request.url === '/slow') await slow.promise
    response.end('ok')
  })
  const close = gracefulShutdown(server, 5_000)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new Client(url)
  onTestFinished(() => client.destroy())
  const ask = async (path: string) => {
    const { statusCode, headers, body } = await client.request({ method: 'GET', path })
    await body.dump()
    return { statusCode, connection: headers.connection }
  }
  return { url, ask, close, received: once(server, 'request'), answerSlow: slow.resolve }
}

it('a server that closes answers what is under way, and says that it is the last answer', async () => {
  const { ask, close, received, answerSlow } = await opened()
  const answer = ask('/slow')
  await received
  const closed = close()
  answerSlow()
  expect(await answer).toEqual({ statusCode: 200, connection: 'close' })
  await closed
})

it('it still answers what was on its way, and then takes no more', async () => {
  const { ask, url, close } = await opened()
  await ask('/')
  const closed = close()
  expect(await ask('/')).toEqual({ statusCode: 200, connection: 'close' })
  expect((await fetch(url)).headers.get('connection')).toBe('close')
  await closed
  await expect(fetch(url)).rejects.toThrow()
})

it('it does not wait for connections that stay idle', async () => {
  const { ask, close } = await opened()
  await ask('/')
  await close()
})
