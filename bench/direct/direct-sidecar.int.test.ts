import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { sidecarSuite } from '@sidecart/testing/sidecar.suite.ts'
import { afterAll, beforeAll } from 'vitest'
import { createDirectSidecar, type DirectSidecar } from './direct-sidecar.ts'

let database: TestDatabase
let folder: string
let server: Server
let sidecar: DirectSidecar

beforeAll(async () => {
  database = await testDatabase('state')
  folder = await mkdtemp(join(tmpdir(), 'sidecart-direct-'))
  const secretsFile = join(folder, 'secrets.json')
  await writeFile(secretsFile, JSON.stringify({ 'state-database': database.url, known: 'value' }))
  server = createServer((request, response) => {
    response.writeHead(request.url === '/found' ? 200 : 404, { 'content-type': 'application/json' })
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const peers = { callee: (server.address() as AddressInfo).port }
  const smtpUrl = 'smtp://127.0.0.1:1'
  sidecar = createDirectSidecar({ app: 'tests', appToken: '', peers, secretsFile, smtpUrl })
})

afterAll(async () => {
  await sidecar.close()
  server.close()
  await database.dispose()
  await rm(folder, { recursive: true, force: true })
})

sidecarSuite('the direct sidecar', async () => ({
  state: sidecar.state,
  invoke: sidecar.invoke,
  reachable: { app: 'callee', found: '/found', missing: '/missing' },
  secret: sidecar.secret,
  known: { name: 'known', value: 'value' },
}))
