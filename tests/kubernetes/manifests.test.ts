import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { pins } from '@sidecart/platform/install/versions.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { root } from '../architecture/tree.ts'
import { type ApiServer, daprModule, startApiServer } from './api-server.ts'
import { whyNotBuilt } from './programs.ts'

type Pod = {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> }
  spec: {
    containers: {
      name: string
      env?: {
        name: string
        value?: string
        valueFrom?: { secretKeyRef: { name: string; key: string } }
      }[]
    }[]
    volumes?: { name: string; secret?: { secretName: string } }[]
    serviceAccountName?: string
    automountServiceAccountToken?: boolean
    securityContext?: object
  }
}
type Resource = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string }
  spec: {
    template?: Pod
    podSelector?: { matchLabels?: Record<string, string> }
    accessControl?: { policies?: { namespace: string }[] }
    nameResolution?: unknown
    volumeClaimTemplates?: { metadata: { name: string } }[]
  }
}

const overlays = ['dev', 'production'] as const
const namespace = 'sidecart'
let server: ApiServer
let chart: string
const rendered = new Map<string, string>()

const resourcesOf = (overlay: string): Resource[] =>
  parseAllDocuments(rendered.get(overlay) ?? '').map((document) => document.toJS() as Resource)
const podsOf = (overlay: string) =>
  resourcesOf(overlay).flatMap(({ kind, metadata, spec }) =>
    spec?.template ? [{ owner: `${kind} ${metadata.name}`, pod: withClaims(spec) }] : [],
  )
/** The pod of a stateful set has a volume for each claim. */
function withClaims({ template, volumeClaimTemplates = [] }: Resource['spec']): Pod {
  const { metadata, spec } = template as Pod
  const claimed = volumeClaimTemplates.map(({ metadata: { name } }) => ({ name, emptyDir: {} }))
  return { metadata, spec: { ...spec, volumes: [...(spec.volumes ?? []), ...claimed] } }
}
const dryRun = (text: string) =>
  server.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], text)

const why = await whyNotBuilt()
if (why && process.env.SIDECART_REQUIRE_ALL) throw new Error(why)
const missing = why ? ` [not tried: ${why}]` : ''

beforeAll(async () => {
  if (missing) return
  server = await startApiServer()
  chart = join(daprModule(pins.daprd.version), 'charts/dapr')
  await server.kubectl(['apply', '--server-side', '-f', join(chart, 'crds')])
  await server.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  await server.kubectl(['apply', '-f', join(root, 'deploy/kubernetes/base/namespace.yaml')])
  // made by a controller, where there is one
  await server.kubectl(['create', 'serviceaccount', 'default', '-n', namespace])
  for (const overlay of overlays)
    rendered.set(
      overlay,
      await server.kubectl(['kustomize', join(root, 'deploy/kubernetes/overlays', overlay)]),
    )
}, 1_800_000)

afterAll(() => server?.stop())

describe.skipIf(missing).each(overlays)(`the overlay %s${missing}`, (overlay) => {
  it('is accepted by the API server, which knows every field of it', async () => {
    const answer = await dryRun(rendered.get(overlay) ?? '')
    const kinds = resourcesOf(overlay).length
    expect(answer.trim().split('\n')).toHaveLength(kinds)
    expect(kinds).toBeGreaterThan(90)
  })

  it('has a deployment, an account and a sidecar for each service', () => {
    const names = manifests.map(({ name }) => name).sort()
    const of = (wanted: string) =>
      resourcesOf(overlay)
        .filter(({ kind }) => kind === wanted)
        .map(({ metadata }) => metadata.name)
    expect(of('ServiceAccount')).toEqual(names)
    expect(of('Deployment')).toEqual(expect.arrayContaining(names))
    const apps = podsOf(overlay).map(({ pod }) => pod.metadata.annotations?.['dapr.io/app-id'])
    expect(apps.filter(Boolean).sort()).toEqual(names)
  })

  it('puts every pod under the restricted pod security standard', async () => {
    for (const { owner, pod } of podsOf(overlay)) {
      await expect(dryRun(podOf(pod)), owner).resolves.toContain('pod/try created')
    }
  })

  it('finds every secret that a pod names in what the command for secrets prints', () => {
    const secrets = printedSecrets()
    for (const { owner, pod } of podsOf(overlay)) {
      const references = pod.spec.containers
        .flatMap(({ env = [] }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []))
        .map(({ name, key }) => [name, key])
      const { annotations = {} } = pod.metadata
      const tokens = ['dapr.io/app-token-secret', 'dapr.io/api-token-secret']
        .flatMap((annotation) => annotations[annotation] ?? [])
        .map((name) => [name, 'token'])
      for (const [name = '', key = ''] of [...references, ...tokens])
        expect(secrets.get(name)?.[key], `${owner}: ${name}/${key}`).toBeTruthy()
      for (const { secret } of pod.spec.volumes ?? [])
        if (secret) expect([...secrets.keys()], owner).toContain(secret.secretName)
    }
  })

  it('gives each app the secrets of its own sidecar only, and no pod a token of the API server', () => {
    for (const { owner, pod } of podsOf(overlay)) {
      expect(pod.spec.automountServiceAccountToken, owner).toBe(false)
      const app = pod.metadata.annotations?.['dapr.io/app-id']
      const mounted = (pod.spec.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? [])
      if (app) expect(mounted, owner).toEqual([`${app}-sidecar`])
    }
    const theirs = [...printedSecrets()].filter(([name]) => name.endsWith('-sidecar'))
    for (const [name, { 'secrets.json': text = '{}' }] of theirs) {
      const databases = Object.keys(JSON.parse(text)).filter((key) => key.endsWith('-database'))
      const app = name.replace(/-sidecar$/, '')
      const own = app === 'carts' ? ['state-database'] : [`${app}-database`]
      expect(own, name).toEqual(expect.arrayContaining(databases))
    }
  })

  it('opens the port of the gateway to the cluster, and no other app’s', () => {
    const hosts = podsOf(overlay).flatMap(({ pod }) => {
      const app = pod.metadata.annotations?.['dapr.io/app-id']
      const host = pod.spec.containers[0]?.env?.find(({ name }) => name === 'HOST')?.value
      return app ? [[app, host]] : []
    })
    const open = hosts.filter(([, host]) => host !== '127.0.0.1')
    expect(open).toEqual([['gateway', '0.0.0.0']])
  })

  it('uses annotations that Dapr knows', () => {
    const source = readFileSync(
      join(chart, '../../pkg/injector/annotations/annotations.go'),
      'utf8',
    )
    const known = new Set([...source.matchAll(/"(dapr\.io\/[a-z0-9-]+)"/g)].map(([, name]) => name))
    const used = podsOf(overlay).flatMap(({ pod }) => Object.keys(pod.metadata.annotations ?? {}))
    expect(used.filter((name) => !known.has(name))).toEqual([])
    expect(used.length).toBeGreaterThan(50)
  })

  it('names callers by this namespace, and leaves names to the cluster', () => {
    const configurations = resourcesOf(overlay).filter(({ kind }) => kind === 'Configuration')
    expect(configurations).toHaveLength(manifests.length)
    const policies = configurations.flatMap(({ spec }) => spec.accessControl?.policies ?? [])
    expect([...new Set(policies.map((policy) => policy.namespace))]).toEqual([namespace])
    expect(configurations.filter(({ spec }) => spec.nameResolution)).toEqual([])
  })

  it('has demo accounts only where they are asked for', () => {
    const asked = (rendered.get(overlay) ?? '').match(/DEMO_ACCOUNTS/g) ?? []
    expect(asked).toHaveLength(overlay === 'dev' ? 1 : 0)
  })

  it('lets pods reach the servers they use, by a policy for each label', () => {
    const label = /^sidecart\.dev\/uses-/
    const labels = podsOf(overlay).flatMap(({ pod }) => Object.keys(pod.metadata.labels))
    const used = new Set(labels.filter((name) => label.test(name)))
    const policies = resourcesOf(overlay).filter(({ kind }) => kind === 'NetworkPolicy')
    const opened = policies.flatMap(({ spec }) => Object.keys(spec.podSelector?.matchLabels ?? {}))
    expect(opened.filter((name) => label.test(name)).sort()).toEqual([...used].sort())
  })
})

it.skipIf(missing)(`the values for Dapr’s chart are values that the chart has${missing}`, () => {
  const given = parse(readFileSync(join(root, 'deploy/kubernetes/dapr-values.yaml'), 'utf8'))
  const { dapr_sidecar_injector: injector, global } = given as Record<string, object>
  const valuesOf = (path: string) => parse(readFileSync(join(chart, path, 'values.yaml'), 'utf8'))
  expect(Object.keys(valuesOf('charts/dapr_sidecar_injector'))).toEqual(
    expect.arrayContaining(Object.keys(injector ?? {})),
  )
  expect(Object.keys(valuesOf('.').global)).toEqual(
    expect.arrayContaining(Object.keys(global ?? {})),
  )
})

describe.skipIf(missing)(`the API server of this test${missing}`, () => {
  it('refuses a field that does not exist', async () => {
    const wrong = (rendered.get('dev') ?? '').replace(
      'secretName: orders-sidecar',
      'secretNmae: orders-sidecar',
    )
    await expect(dryRun(wrong)).rejects.toThrow(/secretNmae/)
  })

  it('refuses a component without a type, which Dapr defines', async () => {
    const wrong = (rendered.get('dev') ?? '').replace(
      'type: state.postgresql',
      'tpye: state.postgresql',
    )
    await expect(dryRun(wrong)).rejects.toThrow(/spec\.type|tpye/)
  })

  it('refuses a pod that may become root', async () => {
    const [first] = podsOf('dev')
    if (!first) throw new Error('no pod')
    const { metadata, spec } = first.pod
    const text = podOf({ metadata, spec: { ...spec, securityContext: {} } })
    await expect(dryRun(text)).rejects.toThrow(/violates PodSecurity "restricted/)
  })
})

/** A pod alone, without its service account, which a dry run did not make. */
function podOf({ metadata, spec }: Pod): string {
  const { serviceAccountName: _, ...alone } = spec
  const named = { ...metadata, name: 'try', namespace }
  return stringify({ apiVersion: 'v1', kind: 'Pod', metadata: named, spec: alone })
}

/** Prints secrets as the README says, and returns the values by secret and key. */
function printedSecrets(): Map<string, Record<string, string>> {
  const text = execFileSync('node_modules/.bin/node', ['deploy/setup/kubernetes-secrets.ts'], {
    cwd: root,
    encoding: 'utf8',
  })
  const { items } = JSON.parse(text) as {
    items: { metadata: { name: string }; stringData: Record<string, string> }[]
  }
  return new Map(items.map(({ metadata, stringData }) => [metadata.name, stringData]))
}
