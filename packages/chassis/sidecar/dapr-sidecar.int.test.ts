import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createDaprSidecar } from './dapr-sidecar.ts'

/** Starts a server at the sidecar's port with the same response for every call. */
async function besideOneThatAnswers(headers: Record<string, string>, body = '') {
  const server = createServer((_, response) => response.writeHead(200, headers).end(body))
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
