import { join } from 'node:path'
import { testWith } from '@sidecart/testing/needs.ts'
import { startSidecar } from '@sidecart/testing/real-sidecar.ts'
import { expect, onTestFinished, test } from 'vitest'
import { readResources } from '../../config/components/components.ts'
import { freePorts, temporaryFolder } from '../../install/testing.ts'
import { alive, until } from '../../process/spawn.ts'
import { redisProgram, startRedis } from '../../servers/redis.ts'
import { tail } from '../process-spec.ts'
import { diagnoseSidecar } from './diagnose-sidecar.ts'

const withRedis = await testWith(redisProgram)

const state = join(import.meta.dirname, '../../../../components/state-redis')
const withinMs = 10_000

/** Returns the diagnosis of a failed sidecar with the shop's secret store and these secrets. */
async function explained(secrets: Record<string, string>): Promise<string | undefined> {
  const { proc, logFile, secretsFile } = await startSidecar('carts', [state], secrets)
  await until(() => !alive(proc), { timeoutMs: withinMs, what: 'the sidecar to give up' })
  return diagnoseSidecar(tail(logFile), {
    resources: readResources([state]),
    secrets,
    secretsFile,
  })
}

test('a server that is not there: which file, which secret, and to start it', async () => {
  const [port = 0] = await freePorts(1)
  const login = { 'redis-username': 'sidecart', 'redis-password': 'x' }
  const message = await explained({ 'redis-host': `127.0.0.1:${port}`, ...login })
  expect(message).toContain(join(state, 'statestore.yaml'))
  expect(message).toContain(`127.0.0.1:${port}`)
  expect(message).toMatch(
    /The server at [\d.:]+ does not answer, .*start it, or correct redisHost \(secret redis-host\)/,
  )
})

withRedis('a wrong password: which secrets to compare with the server', async () => {
  const folder = await temporaryFolder()
  const [port = 0] = await freePorts(1)
  const login = { user: 'sidecart', password: 'right' }
  const server = await startRedis({ ...login, dir: folder, port, logFile: join(folder, 'log') })
  onTestFinished(async () => void (await server.stop()))
  const wrong = { 'redis-username': 'sidecart', 'redis-password': 'wrong' }
  const message = await explained({ 'redis-host': `127.0.0.1:${port}`, ...wrong })
  expect(message).toMatch(/does not let it in: compare .*redisPassword \(secret redis-password\)/)
})
