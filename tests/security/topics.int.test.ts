import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { temporaryFolder } from '@sidecart/platform/install/testing.ts'
import { startSidecar } from '@sidecart/testing/real-sidecar.ts'
import { until } from '@sidecart/testing/until.ts'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { documents, filesBelow, foldersIn, type Resource } from '../architecture/tree.ts'

const owned = manifests.flatMap(({ publishes = {} }) => Object.values(publishes))
const apps = manifests.map(({ name }) => name)
const topics = [
  ...owned.map(({ topic }) => topic),
  ...apps.map((app) => `${app}-dead-letters-v1`),
  'made-up-v1',
]
const sets = foldersIn('components').filter((folder) => folder.startsWith('pubsub-'))
const limits = ['allowedTopics', 'protectedTopics', 'publishingScopes', 'subscriptionScopes']

/** A component of a broker set with its own limits, on a broker that needs no server. */
function inMemory(set: string, { metadata, scopes, spec }: Resource) {
  const kept = (spec.metadata as { name: string }[]).filter(({ name }) => limits.includes(name))
  return {
    apiVersion: 'dapr.io/v1alpha1',
    kind: 'Component',
    metadata: { name: `${set}.${metadata.name}` },
    ...(scopes && { scopes }),
    spec: { type: 'pubsub.in-memory', version: 'v1', metadata: kept },
  }
}

const components = sets.flatMap((set) =>
  filesBelow(`components/${set}`, /\.yaml$/)
    .flatMap(documents)
    .filter(({ kind }) => kind === 'Component')
    .map((resource) => inMemory(set, resource)),
)

it.each(apps)(
  '%s publishes its own events and dead letters, whichever component of whichever set it uses',
  async (app) => {
    const folder = join(await temporaryFolder(), 'components')
    mkdirSync(folder)
    writeFileSync(join(folder, 'all.yaml'), components.map((one) => stringify(one)).join('---\n'))
    const { httpPort } = await startSidecar(app, [folder], {})
    await until('the sidecar is ready', () =>
      fetch(`http://127.0.0.1:${httpPort}/v1.0/healthz/outbound`).then(
        ({ status }) => status === 204,
        () => false,
      ),
    )
    const wrong: string[] = []
    let published = 0
    async function tryTo(component: string, topic: string): Promise<void> {
      const { status } = await fetch(
        `http://127.0.0.1:${httpPort}/v1.0/publish/${component}/${topic}`,
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
      )
      if (status === 204) published += 1
      const isOwn = owned.some((one) => one.topic === topic && one.owner === app)
      const isNeeded = isOwn && component.endsWith('.pubsub')
      const mayBe = isNeeded || topic === `${app}-dead-letters-v1`
      if (status !== 403 && !(mayBe && status === 204))
        wrong.push(`${component} ${topic}: ${status}`)
    }
    for (const { metadata, scopes } of components)
      if (scopes?.includes(app))
        await Promise.all(topics.map((topic) => tryTo(metadata.name, topic)))
    expect(wrong).toEqual([])
    const own = owned.filter(({ owner }) => owner === app)
    expect(published).toBeGreaterThanOrEqual(own.length * sets.length)
  },
  60_000,
)
