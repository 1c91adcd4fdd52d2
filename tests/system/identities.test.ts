import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureAppTokens, ensureVariables } from '@sidecart/platform/config/environment.ts'
import { identityFile } from '@sidecart/platform/config/identity/identities.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { ensurePart } from '@sidecart/platform/install/binaries.ts'
import { freePorts, temporaryFolder } from '@sidecart/platform/install/testing.ts'
import { alive, spawnDetached, stopProcess } from '@sidecart/platform/process/spawn.ts'
import { until } from '@sidecart/testing/until.ts'
import { generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { newCustomer, root, shipTo } from './client.ts'
import { appConfigs } from './shop.ts'

const project = projectAt(root)
const audience = 'spiffe://localhost/ns/default/dapr-sentry'
const orders = 'spiffe://public/ns/default/orders'

/**
 * Starts a second daprd on this machine, with the public trust anchors and the variables of `env`.
 */
async function secondSidecar(app: string, env: Record<string, string>) {
  const folder = await temporaryFolder()
  const [http = 0, grpc = 0, internal = 0, metrics = 0] = await freePorts(4)
  await mkdir(join(folder, 'components'))
  await writeFile(join(folder, 'config.yaml'), configuration)
  const logFile = join(folder, 'log')
  const flags = {
    'app-id': app,
    'dapr-http-port': http,
    'dapr-grpc-port': grpc,
    'dapr-internal-grpc-port': internal,
    'metrics-port': metrics,
    'sentry-address': 'localhost:3900',
    'resources-path': join(folder, 'components'),
    config: join(folder, 'config.yaml'),
  }
  const proc = spawnDetached({
    name: 'daprd',
    command: (await ensurePart('daprd')).path,
    args: [
      '--enable-mtls',
      ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `${value}`]),
    ],
    env: {
      NAMESPACE: 'default',
      DAPR_HOST_IP: '127.0.0.1',
      DAPR_TRUST_ANCHORS: ensureVariables(project).DAPR_TRUST_ANCHORS,
      DAPR_API_TOKEN: undefined,
      DAPR_SENTRY_TOKEN_FILE: undefined,
      ...env,
    },
    logFile,
  })
  onTestFinished(async () => void (await stopProcess(proc)))
  const log = () => readFileSync(logFile, 'utf8')
  const outcome = await until(
    'the second sidecar got an identity or was refused',
    async () => {
      if (/error from sentry SignCertificate|error obtaining token/.test(log())) return 'refused'
      if (!alive(proc)) throw new Error(`the second sidecar ended: ${log()}`)
      const answer = await fetch(`http://127.0.0.1:${http}/v1.0/healthz/outbound`).catch(() => null)
      return answer?.status === 204 && 'has an identity'
    },
    30_000,
    100,
  )
  return { outcome, http, log }
}

/** Resolves names like the shop's sidecars, without registering itself. */
const configuration = `apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: { name: second }
spec: { mtls: { enabled: true } }
`

async function tokenFile(content: string): Promise<{ DAPR_SENTRY_TOKEN_FILE: string }> {
  const file = join(await temporaryFolder(), 'token')
  await writeFile(file, content)
  return { DAPR_SENTRY_TOKEN_FILE: file }
}

type Claims = { sub?: string; aud?: string; exp?: number | string }
type Key = Awaited<ReturnType<typeof importJWK>>
function sign(key: Key, kid: string, claims: Claims = {}): Promise<string> {
  const { sub = orders, aud = audience, exp = '1h' } = claims
  return new SignJWT()
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .setSubject(sub)
    .setAudience(aud)
    .setIssuedAt()
    .setExpirationTime(exp)
    .sign(key)
}

const [shopKey] = JSON.parse(readFileSync(join(project.identities, 'keys.json'), 'utf8')) as JWK[]
const kid = shopKey?.kid ?? ''
const ownKey = async () => (await generateKeyPair('EdDSA')).privateKey
const theirKey = () => importJWK(shopKey ?? {})
const hourAgo = () => Math.floor(Date.now() / 1000) - 3_600

describe('sentry signs for the app alone whose token is shown', () => {
  it('the sidecar of orders gets its identity with its own token', async () => {
    const { outcome } = await secondSidecar('orders', {
      DAPR_SENTRY_TOKEN_FILE: identityFile(project, 'orders'),
    })
    expect(outcome).toBe('has an identity')
  })

  it('a process without a token gets no identity, and refunds nothing', async () => {
    const ada = await newCustomer()
    const line = { sku: 'MUG-ENAMEL-BLUE', quantity: 1 }
    const order = { lines: [line], card: 'card_approved', shipTo }
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const { body } = await ada.ask('POST', '/orders', order, headers)
    const status = async () => (await ada.ask('GET', `/orders/${body.orderId}`)).body.status
    await until('the order is confirmed', async () => (await status()) === 'confirmed')

    const { outcome, http } = await secondSidecar('orders', {})
    const refund = await fetch(`http://127.0.0.1:${http}/internal/refunds/${body.orderId}`, {
      method: 'PUT',
      headers: { 'dapr-app-id': 'payments', 'content-type': 'application/json' },
      body: '{}',
    }).catch(() => undefined)
    expect(outcome).toBe('refused')
    expect(refund?.ok ?? false).toBe(false)
    expect(await status()).toBe('confirmed')
  })

  it.each<[string, () => Promise<Record<string, string>>]>([
    [
      'the token of another app',
      async () => ({ DAPR_SENTRY_TOKEN_FILE: identityFile(project, 'catalog') }),
    ],
    [
      'the token of another app, under its name',
      async () => ({
        DAPR_SENTRY_TOKEN_FILE: identityFile(project, 'catalog'),
        SENTRY_LOCAL_IDENTITY: 'orders',
      }),
    ],
    ['a token signed by itself', async () => tokenFile(await sign(await ownKey(), kid))],
    [
      'a token signed by itself under an unknown key id',
      async () => tokenFile(await sign(await ownKey(), 'mine')),
    ],
    [
      'a token that is over',
      async () => tokenFile(await sign(await theirKey(), kid, { exp: hourAgo() })),
    ],
    [
      'a token for somebody else than sentry',
      async () => tokenFile(await sign(await theirKey(), kid, { aud: 'orders' })),
    ],
    [
      'a token of another trust domain',
      async () =>
        tokenFile(
          await sign(await theirKey(), kid, { sub: orders.replace('public', 'localhost') }),
        ),
    ],
    [
      'a token without a signature',
      async () => {
        const [, claims] = (await sign(await ownKey(), kid)).split('.')
        const header = Buffer.from('{"alg":"none"}').toString('base64url')
        return tokenFile(`${header}.${claims}.`)
      },
    ],
    ['an empty token', () => tokenFile('')],
  ])('%s makes nobody orders', async (_, env) => {
    expect((await secondSidecar('orders', await env())).outcome).toBe('refused')
  })

  it('nobody becomes a part of the control plane', async () => {
    const env = { DAPR_SENTRY_TOKEN_FILE: identityFile(project, 'orders') }
    for (const name of ['dapr-scheduler', 'dapr-sentry', 'dapr-placement'])
      expect((await secondSidecar(name, env)).outcome, name).toBe('refused')
  })
})

describe('a token is good for one app', () => {
  const apps = appConfigs.map(({ appID }) => appID)
  const tokens = Object.fromEntries(apps.map((app) => [app, ensureAppTokens(project, app)]))
  const tokenOf = (app: string) => tokens[app]?.DAPR_API_TOKEN ?? ''
  const askSidecar = (app: string, path: string, token: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${appConfigs.find((one) => one.appID === app)?.daprHTTPPort}${path}`, {
      ...init,
      headers: { 'dapr-api-token': token },
    })

  it('no two apps share a token, and no token has two uses', () => {
    const all = Object.values(tokens).flatMap((ofOne) => Object.values(ofOne))
    // to the sidecar, to the app, to the app's metrics
    expect(new Set(all).size).toBe(3 * apps.length)
  })

  it("the token of another app does not get the provider's key from the sidecar of payments", async () => {
    const path = '/v1.0/secrets/secrets/provider-api-key'
    expect((await askSidecar('payments', path, tokenOf('payments'))).status).toBe(200)
    for (const app of apps.filter((one) => one !== 'payments')) {
      expect((await askSidecar('payments', path, tokenOf(app))).status, app).toBe(401)
      expect((await askSidecar(app, path, tokenOf(app))).status, app).toBeGreaterThanOrEqual(403)
    }
  })

  it('a sidecar hands out the secrets of its own app only, also all at once', async () => {
    for (const app of apps.filter((one) => one !== 'gateway' && one !== 'carts')) {
      const answer = await askSidecar(app, '/v1.0/secrets/secrets/bulk', tokenOf(app))
      const names = Object.keys((await answer.json()) as object)
      expect(names.length, app).toBeGreaterThan(0)
      for (const name of names.filter((one) => one.endsWith('-database')))
        expect(name, app).toBe(`${app}-database`)
    }
  })

  it('an app takes the token of its own sidecar only', async () => {
    for (const { appID, appPort } of appConfigs.filter(({ appID }) => appID !== 'gateway'))
      for (const other of apps) {
        const token = tokens[other]?.APP_API_TOKEN ?? ''
        const answer = await fetch(`http://127.0.0.1:${appPort}/openapi.json`, {
          headers: { 'dapr-api-token': token },
        })
        expect(answer.status, `${other} → ${appID}`).toBe(other === appID ? 200 : 403)
      }
  })

  it.each(apps)('the sidecar of %s opens no API that its app does not use', async (app) => {
    const closed = [
      ['GET', '/v1.0/metadata'],
      ['PUT', '/v1.0/metadata/key'],
      ['POST', '/v1.0/shutdown'],
      ['GET', '/v1.0/actors/type/id/state/key'],
      ['POST', '/v1.0/workflows/dapr/name/start'],
      ['POST', '/v1.0-beta1/workflows/dapr/name/start'],
      ['GET', '/v1.0/configuration/configuration'],
      ['POST', '/v1.0-alpha1/lock/lockstore'],
      ['POST', '/v1.0-alpha1/state/statestore/query'],
      ['POST', '/v1.0-alpha1/jobs/name'],
      ['POST', '/v1.0-alpha2/conversation/name/converse'],
      ['POST', '/v1.0/bindings/email'],
    ] as const
    for (const [method, path] of closed) {
      const { status } = await askSidecar(app, path, tokenOf(app), { method })
      expect([403, 404], `${method} ${path}: ${status}`).toContain(status)
    }
    const isUp = await askSidecar(app, '/v1.0/healthz', tokenOf(app))
    expect(isUp.status).toBe(204)
  })
})

it('nobody else reads or reaches anything of a running shop', () => {
  const open = readdirSync(project.home).filter((name) => {
    const found = lstatSync(join(project.home, name))
    return (found.mode & 0o077) !== 0
  })
  expect(open).toEqual([])
  expect(statSync(project.home).mode & 0o066).toBe(0)
})
