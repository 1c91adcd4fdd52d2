import { X509Certificate } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ensurePart } from '../install/binaries.ts'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { spawnDetached, stopProcess, until } from '../process/spawn.ts'
import { type AuthorityOptions, authorityWarning, ensureAuthority } from './authority.ts'
import { startSentry } from './dapr-control-plane.ts'

const day = 86_400_000
const now = Date.now()

async function place() {
  const folder = await temporaryFolder()
  const dir = join(folder, 'certs')
  const ensure = (options: Partial<AuthorityOptions> = {}) =>
    ensureAuthority({ dir, rootKeyFile: join(folder, 'root.key'), nothingRuns: false, ...options })
  const file = (name: string) => readFileSync(join(dir, name), 'utf8')
  return { folder, dir, ensure, file }
}

describe('a certificate authority', () => {
  it('has a root for ten years and an issuer for one, signed by it, for nobody else to read', async () => {
    const { folder, dir, ensure, file } = await place()
    const { rootEnds, issuerEnds } = ensure()
    expect(Math.round((rootEnds.getTime() - now) / day)).toBe(3_650)
    expect(Math.round((issuerEnds.getTime() - now) / day)).toBe(365)
    const [root, issuer] = ['ca.crt', 'issuer.crt'].map((name) => new X509Certificate(file(name)))
    expect(issuer?.checkIssued(root as X509Certificate)).toBe(true)
    expect(issuer?.verify((root as X509Certificate).publicKey)).toBe(true)
    expect([root?.ca, issuer?.ca]).toEqual([true, true])
    for (const path of [join(folder, 'root.key'), join(dir, 'issuer.key')])
      expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('stays as it is while it lasts', async () => {
    const { ensure, file } = await place()
    ensure()
    const before = [file('ca.crt'), file('issuer.crt'), file('issuer.key')]
    ensure({ now: now + 300 * day, nothingRuns: true })
    expect([file('ca.crt'), file('issuer.crt'), file('issuer.key')]).toEqual(before)
  })

  it.each([306, 340, 364, 400])('has a new issuer under the same root on day %i', async (days) => {
    const { ensure, file } = await place()
    ensure()
    const [root, issuer] = [file('ca.crt'), file('issuer.crt')]
    const { issuerEnds } = ensure({ now: now + days * day })
    expect(file('ca.crt')).toBe(root)
    expect(file('issuer.crt')).not.toBe(issuer)
    expect(Math.round((issuerEnds.getTime() - now) / day)).toBe(days + 365)
  })

  it('never changes its root under a running sidecar, not even in its last days', async () => {
    const { ensure, file } = await place()
    ensure()
    const root = file('ca.crt')
    for (const days of [3_300, 3_640, 3_660]) {
      ensure({ now: now + days * day })
      expect(file('ca.crt'), `day ${days}`).toBe(root)
    }
  })

  it('changes its root in the last year, when nothing runs', async () => {
    const { ensure, file } = await place()
    ensure()
    const root = file('ca.crt')
    const renewed = ensure({ now: now + 3_300 * day, nothingRuns: true })
    expect(file('ca.crt')).not.toBe(root)
    expect(authorityWarning(renewed, now + 3_300 * day)).toBeUndefined()
  })

  it('that sentry made by itself is replaced when nothing runs, and kept until then', async () => {
    const { folder, ensure, file } = await place()
    ensure()
    rmSync(join(folder, 'root.key'))
    const root = file('ca.crt')
    ensure()
    expect(file('ca.crt')).toBe(root)
    ensure({ nothingRuns: true })
    expect(file('ca.crt')).not.toBe(root)
  })

  it.each(['issuer.crt', 'issuer.key'])(
    'that lost its %s in a crash is whole again',
    async (name) => {
      const { dir, ensure, file } = await place()
      const other = await place()
      ensure()
      other.ensure()
      const root = file('ca.crt')
      writeFileSync(join(dir, name), other.file(name))
      ensure()
      expect(
        new X509Certificate(file('issuer.crt')).verify(new X509Certificate(root).publicKey),
      ).toBe(true)
      rmSync(join(dir, name))
      ensure()
      expect(file(name)).toContain('-----BEGIN')
    },
  )

  it('warns a year before its root ends, and a month before its issuer does', async () => {
    const { ensure } = await place()
    const made = ensure()
    expect(authorityWarning(made, now + 300 * day)).toBeUndefined()
    expect(authorityWarning(made, now + 340 * day)).toMatch(/rotate authority/)
    expect(authorityWarning(made, now + 3_300 * day)).toMatch(/stop the whole shop/)
  })
})

const configuration = (names: string) => `apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: { name: test }
spec:
  mtls: { enabled: true }
  nameResolution: { component: sqlite, version: v1, configuration: { connectionString: ${names} } }
`

it('sidecars from before and after a renewal of sentry call each other', async () => {
  const { folder, dir, ensure } = await place()
  // an authority made 340 days ago: its issuer expires in 25 days
  const made = ensure({ now: now - 340 * day })
  expect(authorityWarning(made)).toBeDefined()
  const trustAnchors = readFileSync(join(dir, 'ca.crt'), 'utf8')
  const configFile = join(folder, 'config.yaml')
  await writeFile(configFile, configuration(join(folder, 'names.sqlite')))
  await mkdir(join(folder, 'components'))
  const { path } = await ensurePart('sentry')
  const [port = 0, healthPort = 0] = await freePorts(2)
  const sentry = () => {
    ensure()
    return startSentry({ path, dir, configFile, port, healthPort, logFile: join(folder, 'sentry') })
  }
  const first = await sentryWithin(() =>
    // started before its renewal was due
    startSentry({ path, dir, configFile, port, healthPort, logFile: join(folder, 'sentry') }),
  )
  const before = await sidecar('before')
  await first.stop()
  await sentryWithin(sentry)
  expect(readFileSync(join(dir, 'ca.crt'), 'utf8')).toBe(trustAnchors)
  const after = await sidecar('after')
  for (const [http, callee] of [
    [before, 'after'],
    [after, 'before'],
  ] as const)
    await until(async () => (await call(http, callee)) === 200, {
      timeoutMs: 10_000,
      what: `a call of ${callee}`,
    })

  async function sentryWithin(start: typeof sentry) {
    const started = await start()
    onTestFinished(async () => void (await started.stop()))
    return started
  }

  async function call(http: number, callee: string): Promise<number> {
    const headers = { 'dapr-app-id': callee }
    const answer = await fetch(`http://127.0.0.1:${http}/hello`, { headers })
    return answer.status
  }

  async function sidecar(app: string): Promise<number> {
    const server = createServer((_, response) => response.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const [http = 0, grpc = 0, internal = 0] = await freePorts(3)
    const flags = {
      'app-id': app,
      'app-port': (server.address() as AddressInfo).port,
      'dapr-http-port': http,
      'dapr-grpc-port': grpc,
      'dapr-internal-grpc-port': internal,
      'sentry-address': `127.0.0.1:${port}`,
      'resources-path': join(folder, 'components'),
      config: configFile,
    }
    const proc = spawnDetached({
      name: app,
      command: (await ensurePart('daprd')).path,
      args: [
        ...['--enable-mtls', '--enable-metrics=false'],
        ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `${value}`]),
      ],
      env: { DAPR_TRUST_ANCHORS: trustAnchors, NAMESPACE: 'default', DAPR_HOST_IP: '127.0.0.1' },
      logFile: join(folder, `${app}.log`),
    })
    onTestFinished(async () => void (await stopProcess(proc)))
    const ready = async () => {
      const url = `http://127.0.0.1:${http}/v1.0/healthz/outbound`
      return (await fetch(url).catch(() => undefined))?.status === 204
    }
    await until(ready, { timeoutMs: 20_000, what: `the sidecar of ${app}` })
    return http
  }
})
