import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { merge } from '../../../../services/gateway/openapi-merge.ts'
import { assertCallsReach } from './check-calls.ts'

const logFile = join(mkdtempSync(join(tmpdir(), 'sidecart-calls-')), 'gateway.log')
writeFileSync(
  logFile,
  '{"app":"users","msg":"no API document","err":"couldn\'t find service: users"}\n',
)
const document = { openapi: '3.1.0', info: { title: 'users', version: '1.0.0' }, paths: {} }
const whole = merge(['users', 'orders'], [document, document])
const lacking = merge(['users', 'orders'], [undefined, document])

async function gatewayWith(...answers: object[]): Promise<string> {
  const server = createServer((_, response) => {
    response.end(JSON.stringify(answers.length > 1 ? answers.shift() : answers[0]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a shop whose services are all reached is good', async () => {
  await assertCallsReach(await gatewayWith(whole), logFile)
})

test('a service may take a moment', async () => {
  await assertCallsReach(await gatewayWith(lacking, lacking, whole), logFile)
})

test('a service that is never reached is named, with why', async () => {
  const gateway = await gatewayWith(lacking)
  await expect(assertCallsReach(gateway, logFile, 600)).rejects.toThrow(
    /calls from the gateway do not reach users\.[\s\S]*couldn't find service: users/,
  )
})

test('a gateway that does not answer is named', async () => {
  await expect(assertCallsReach('http://127.0.0.1:9', logFile, 300)).rejects.toThrow(
    /do not reach the gateway/,
  )
})
