import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createDaprSidecar } from './dapr-sidecar.ts'

/** Starts a server at the sidecar's port with the same response for every call. */
function besideOneThatAnswers(headers: Record<string, string>, body = '') {
  return beside((_, response) => response.writeHead(200, headers).end(body))
}

async function beside(answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sidecar = createDaprSidecar({ httpPort: port, grpcPort: port, apiToken: 'token' })
  onTestFinished(async () => {
    await sidecar.close()
    server.close()
  })
  return sidecar
}

const call = { app: 'orders', method: 'POST', path: '/orders' }

test('an empty 200 that the callee never gave is a fault whose outcome is unknown', async () => {
  const { invoke } = await besideOneThatAnswers({ traceparent: '00-0-0-00' })
  await expect(invoke(call)).rejects.toMatchObject({ code: 'unavailable' })
})

test('an empty 200 of the callee is an answer', async () => {
  const { invoke } = await besideOneThatAnswers({ 'x-request-id': 'one' })
  expect(await invoke(call)).toMatchObject({ status: 200 })
})

test('events carry their key to the broker, alone and in bulk', async () => {
  const received: { url: string | undefined; body: unknown }[] = []
  const { publish } = await beside(async (request, response) => {
    received.push({ url: request.url, body: await json(request) })
    response.writeHead(204).end()
  })
  const eventOf = (id: string, key?: string) => ({
    id,
    source: 'orders',
    type: 'orders-placed-v1',
    specversion: '1.0' as const,
    datacontenttype: 'application/json' as const,
    data: {},
    ...(key && { partitionkey: key }),
  })
  await publish('orders-placed-v1', [eventOf('1', 'a&b')])
  await publish('orders-placed-v1', [eventOf('2', 'a&b'), eventOf('3')])
  expect(received[0]?.url).toBe('/v1.0/publish/pubsub/orders-placed-v1?metadata.partitionKey=a%26b')
  expect(received[1]?.body).toEqual([
    expect.objectContaining({ entryId: '2', metadata: { partitionKey: 'a&b' } }),
    expect.not.objectContaining({ metadata: expect.anything() }),
  ])
})
