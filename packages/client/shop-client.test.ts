import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UserError } from '@sidecart/platform/config/project.ts'
import { expect, onTestFinished, test } from 'vitest'
import { signIn } from './shop-client.ts'

/** A server in the gateway's place with the same response for every request. */
async function gatewayAnswering(status: number, problem: object): Promise<string> {
  const server = createServer((_, answer) => {
    answer.writeHead(status, { 'content-type': 'application/problem+json' })
    answer.end(JSON.stringify(problem))
  })
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const adviceFrom = (gateway: string): Promise<unknown> =>
  signIn(gateway, 'ada@example.com', 'secret').catch((error: unknown) => error)

test('who asks a shop that is down is told how to look', async () => {
  const advice = await adviceFrom('http://127.0.0.1:9')
  expect(advice).toBeInstanceOf(UserError)
  expect(String(advice)).toMatch(/Is the shop up\? \.\/sidecart status$/)
})

test('who asks while a part of it is away is told in its words', async () => {
  const away = { code: 'unavailable', detail: 'A part of the shop is not answering; try again.' }
  const advice = await adviceFrom(await gatewayAnswering(503, away))
  expect(advice).toBeInstanceOf(UserError)
  expect(advice).toMatchObject({ status: 503, code: 'unavailable', message: away.detail })
})
