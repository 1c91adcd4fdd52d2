import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { freePorts } from '../../install/testing.ts'
import { openLoadBalancer } from './tcp-load-balancer.ts'

async function backend(name: string): Promise<number> {
  const server = createServer((_, response) => response.end(name))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  return (server.address() as AddressInfo).port
}

async function front(backends: readonly number[]) {
  const [port = 0] = await freePorts(1)
  const server = await openLoadBalancer(port, () => backends)
  onTestFinished(() => void server.close())
  return () => fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
}

it('connections are handed on in turn', async () => {
  const ask = await front([await backend('one'), await backend('two')])
  const received = [await ask(), await ask(), await ask(), await ask()]
  const names = await Promise.all(received.map((answer) => answer.text()))
  expect(names.sort()).toEqual(['one', 'one', 'two', 'two'])
})

it('who takes none is left out', async () => {
  const [away = 0] = await freePorts(1)
  const ask = await front([away, await backend('two')])
  for (const answer of [await ask(), await ask()]) expect(await answer.text()).toBe('two')
})

it('nobody there is 503 with Retry-After, as a problem', async () => {
  const [away = 0] = await freePorts(1)
  for (const backends of [[], [away]]) {
    const ask = await front(backends)
    const answer = await ask()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({ status: 503, code: 'unavailable' })
  }
})
