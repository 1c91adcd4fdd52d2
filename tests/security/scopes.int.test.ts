import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, status as codes, credentials, type ServiceError } from '@grpc/grpc-js'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { documents, type Resource } from '../architecture/tree.ts'
import { type End, openMesh, type Sidecar } from './sidecars.ts'

/*
 * What a service that was taken over gets from its own sidecar: each app asks for every secret, every store and every
 * binding of the shop, over HTTP and over gRPC. The sidecars have the committed configurations, and the committed
 * components with their scopes, on stores that need no server.
 */

const apps = manifests.map(({ name }) => name)
const secrets = [
  ...[...apps, 'state'].map((name) => `${name}-database`),
  ...['jwt-keys', 'provider-api-key', 'demo-password', 'operator-password', 'broker-url'],
  ...['redis-password', 'made-up'],
]

/** Reviewed by hand: the secrets that an app may ask its sidecar for, and the components that it may use. */
const own: Record<string, { secrets: string[]; stores: string[]; bindings: string[] }> = {
  carts: { secrets: [], stores: ['statestore'], bindings: [] },
  catalog: { secrets: ['catalog-database'], stores: ['cache'], bindings: [] },
  gateway: { secrets: [], stores: [], bindings: [] },
  notifications: { secrets: ['notifications-database'], stores: [], bindings: ['email'] },
  orders: { secrets: ['orders-database'], stores: [], bindings: [] },
  payments: { secrets: ['payments-database', 'provider-api-key'], stores: [], bindings: [] },
  users: {
    secrets: ['users-database', 'jwt-keys', 'demo-password', 'operator-password'],
    stores: [],
    bindings: [],
  },
}

const ends: End[] = []
const sidecars = new Map<string, Sidecar>()
afterAll(async () => {
  for (const end of ends.toReversed()) await end()
})

/** The committed component, with its name and scopes, on a store in the sidecar's memory. */
const inMemory = ({ metadata, scopes }: Resource) => ({
  apiVersion: 'dapr.io/v1alpha1',
  kind: 'Component',
  metadata,
  ...(scopes && { scopes }),
  spec: { type: 'state.in-memory', version: 'v1', metadata: [] },
})

function secretStore(file: string): object {
  const [committed] = documents('components/secrets-file/secrets.yaml')
  const metadata = [{ name: 'secretsFile', value: file }]
  return { ...committed, apiVersion: 'dapr.io/v1alpha1', spec: { ...committed?.spec, metadata } }
}

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scopes-'))
  ends.push(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'secrets.json')
  writeFileSync(file, JSON.stringify(Object.fromEntries(secrets.map((name) => [name, 'secret']))))
  const components = [
    ...documents('components/state-postgresql/statestore.yaml').map(inMemory),
    ...documents('components/cache-redis/cache.yaml').map(inMemory),
    ...documents('components/common/email.yaml'),
    secretStore(file),
  ]
  const resources = join(folder, 'components')
  mkdirSync(resources)
  writeFileSync(
    join(resources, 'all.yaml'),
    components.map((one) => stringify({ apiVersion: 'dapr.io/v1alpha1', ...one })).join('---\n'),
  )
  const mesh = await openMesh(ends)
  for (const app of apps)
    sidecars.set(app, await mesh.sidecarOf(app, undefined, { resources: [resources] }))
}, 120_000)

function sidecarOf(app: string): Sidecar {
  const sidecar = sidecars.get(app)
  if (!sidecar) throw new Error(`no sidecar of ${app}`)
  return sidecar
}

async function http(app: string, method: string, path: string, body?: object) {
  const answer = await fetch(`http://127.0.0.1:${sidecarOf(app).httpPort}${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  return { status: answer.status, text: await answer.text() }
}

/** A message whose fields 1, 2, … are these strings: all that is needed to ask. */
const message = (fields: readonly string[]): Buffer =>
  Buffer.concat(
    fields.flatMap((text, index) => [
      Buffer.from([((index + 1) << 3) | 2, Buffer.byteLength(text)]),
      Buffer.from(text),
    ]),
  )

/** Calls a method of the sidecar's gRPC API. Returns the code, and what went wrong. */
function grpc(app: string, method: string, ...fields: string[]) {
  const address = `127.0.0.1:${sidecarOf(app).grpcPort}`
  const client = new Client(address, credentials.createInsecure())
  return new Promise<{ code: number; text: string }>((resolve) => {
    client.makeUnaryRequest(
      `/dapr.proto.runtime.v1.Dapr/${method}`,
      (buffer: Buffer) => buffer,
      (buffer: Buffer) => buffer,
      message(fields),
      (error: ServiceError | null, value?: Buffer) => {
        client.close()
        resolve({ code: error?.code ?? codes.OK, text: error?.details ?? String(value) })
      },
    )
  })
}

/** For a service that is not in the table: what its manifest says. */
function inManifest(app: string) {
  const {
    database,
    secrets = [],
    components = [],
  } = manifests.find(({ name }) => name === app) ?? {}
  return {
    secrets: [...(database ? [`${app}-database`] : []), ...secrets],
    stores: ['statestore', 'cache'].filter((store) => components.some((name) => name === store)),
    bindings: components.filter((name) => name === 'email'),
  }
}

/** A closed API or a component out of scope; no answer of a component. */
const refusals = [codes.PERMISSION_DENIED, codes.UNIMPLEMENTED]

describe.each(apps)('%s', (app) => {
  const mine = own[app] ?? inManifest(app)

  it('reads its own secrets, and no other', async () => {
    const read: string[] = []
    for (const name of secrets) {
      const { status, text } = await http(app, 'GET', `/v1.0/secrets/secrets/${name}`)
      if (status === 200) read.push(name)
      else expect([403, 404], `${name}: ${text}`).toContain(status)
      const { code } = await grpc(app, 'GetSecret', 'secrets', name)
      expect(refusals, `${name} over gRPC`).toContain(code)
    }
    expect(read.toSorted()).toEqual(mine.secrets.toSorted())
    const all = await http(app, 'GET', '/v1.0/secrets/secrets/bulk')
    const names = all.status === 200 ? Object.keys(JSON.parse(all.text)) : []
    expect(names.filter((name) => !mine.secrets.includes(name))).toEqual([])
    expect(refusals).toContain((await grpc(app, 'GetBulkSecret', 'secrets')).code)
  })

  it('reads and writes its own stores, and no other', async () => {
    const used: string[] = []
    for (const store of ['statestore', 'cache']) {
      const saved = await http(app, 'POST', `/v1.0/state/${store}`, [
        { key: 'k', value: 1 },
      ] as never)
      const read = await http(app, 'GET', `/v1.0/state/${store}/k`)
      if (saved.status === 204 && read.status === 200) used.push(store)
      else
        for (const { status, text } of [saved, read])
          expect([400, 403, 404, 500], `${store}: ${text}`).toContain(status)
      for (const method of ['GetState', 'DeleteState', 'GetBulkState'])
        expect(refusals, `${method} ${store}`).toContain((await grpc(app, method, store, 'k')).code)
    }
    expect(used).toEqual(mine.stores)
  })

  it('reads no document of another app in its own store', async () => {
    for (const store of mine.stores) {
      const { status } = await http(app, 'GET', `/v1.0/state/${store}/orders%7C%7Ck`)
      expect(status).toBe(400)
    }
  })

  it('sends through its own bindings, and no other', async () => {
    const { status } = await http(app, 'POST', '/v1.0/bindings/email', { operation: 'create' })
    expect([403, 404]).toContain(status)
    const { code, text } = await grpc(app, 'InvokeBinding', 'email', 'hello', '', 'create')
    // the component was asked, and has not been given an address
    const isAsked = /smtp binding error/.test(text)
    expect([code, text, isAsked]).toEqual([code, text, mine.bindings.includes('email')])
    if (!isAsked) expect(refusals).toContain(code)
  })

  it('publishes, subscribes and is told nothing over gRPC', async () => {
    for (const method of ['PublishEvent', 'BulkPublishEvent', 'GetConfiguration', 'Shutdown'])
      expect(refusals, method).toContain((await grpc(app, method, 'pubsub', 'a')).code)
    const { code } = await grpc(app, 'GetMetadata')
    if (app !== 'notifications') expect(refusals).toContain(code)
  })
})
