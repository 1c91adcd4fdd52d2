import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { ensurePart } from '../runtime/parts.ts'
import { alive, spawnDetached, stopProcess, until } from '../runtime/processes.ts'
import { startRedis } from '../runtime/redis.ts'
import { freePorts, temporaryFolder } from '../runtime/testing.ts'
import { readResources } from './components.ts'
import { explainSidecar } from './sidecar-fault.ts'
import { tail } from './unit.ts'

const components = join(import.meta.dirname, '../components')
const state = join(components, 'state-redis')
const withinMs = 10_000
let daprd = ''

beforeAll(async () => {
  daprd = (await ensurePart('daprd')).path
}, 1_200_000)

/** A sidecar with the store of the shop and these secrets, until it gives up; answers what is said about that. */
async function explained(secrets: Record<string, string>): Promise<string | undefined> {
  const folder = await temporaryFolder()
  const [secretsFile, logFile] = [join(folder, 'secrets.json'), join(folder, 'log')]
  await writeFile(secretsFile, JSON.stringify(secrets))
  await writeFile(join(folder, 'secrets.yaml'), secretStore(secretsFile))
  const ports = await freePorts(4)
  const flags = ['dapr-http-port', 'dapr-grpc-port', 'dapr-internal-grpc-port', 'metrics-port']
  const proc = spawnDetached({
    name: 'daprd',
    command: daprd,
    args: [
      ...['--app-id', 'carts', '--resources-path', folder, '--resources-path', state],
      ...flags.flatMap((flag, index) => [`--${flag}`, String(ports[index])]),
    ],
    env: { DAPR_HOST_IP: '127.0.0.1' },
    logFile,
  })
  onTestFinished(async () => void (await stopProcess(proc)))
  await until(() => !alive(proc), { timeoutMs: withinMs, what: 'the sidecar to give up' })
  return explainSidecar(tail(logFile), { resources: readResources([state]), secretsFile })
}

const secretStore = (file: string) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: secrets }
spec:
  type: secretstores.local.file
  version: v1
  metadata: [{ name: secretsFile, value: ${file} }]
`

test('a server that is not there: which file, which secret, and to start it', async () => {
  const [port = 0] = await freePorts(1)
  const login = { 'redis-username': 'sidecart', 'redis-password': 'x' }
  const said = await explained({ 'redis-host': `127.0.0.1:${port}`, ...login })
  expect(said).toContain(join(state, 'statestore.yaml'))
  expect(said).toContain(`127.0.0.1:${port}`)
  expect(said).toMatch(
    /The server does not answer: start it, or correct redisHost \(secret redis-host\)/,
  )
})

test('a wrong password: which secrets to compare with the server', async () => {
  const folder = await temporaryFolder()
  const [port = 0] = await freePorts(1)
  const login = { user: 'sidecart', password: 'right' }
  const server = await startRedis({ ...login, dir: folder, port, logFile: join(folder, 'log') })
  onTestFinished(async () => void (await server.stop()))
  const wrong = { 'redis-username': 'sidecart', 'redis-password': 'wrong' }
  const said = await explained({ 'redis-host': `127.0.0.1:${port}`, ...wrong })
  expect(said).toMatch(/does not let it in: compare .*redisPassword \(secret redis-password\)/)
})
