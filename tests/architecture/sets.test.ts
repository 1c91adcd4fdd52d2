import { completed } from '@sidecart/platform/config/secrets.ts'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { documents, filesBelow, foldersIn, type Resource, read } from './tree.ts'

const sets = foldersIn('components').filter((folder) =>
  /^(pubsub|state|secrets|cache)-/.test(folder),
)
const ofKind = (kind: string, folder: string): Resource[] =>
  filesBelow(`components/${folder}`, /\.yaml$/)
    .flatMap(documents)
    .filter((resource) => resource.kind === kind)

type Entry = { name: string; value?: string; secretKeyRef?: { name: string; key: string } }
const entriesOf = ({ spec }: Resource) => (spec.metadata ?? []) as Entry[]

/** The component names used by code. Other names are private to a set. */
const ports = {
  'pubsub-': 'pubsub',
  'state-': 'statestore',
  'secrets-': 'secrets',
  'cache-': 'cache',
}

describe.each(Object.entries(ports))('the %s sets', (prefix, port) => {
  const ofThisKind = sets.filter((set) => set.startsWith(prefix))

  it('have what code names, with the same scopes', () => {
    const shapes = ofThisKind.map((set) =>
      ofKind('Component', set)
        .filter(({ metadata }) => metadata.name === port)
        .map(({ scopes }) => [...(scopes ?? [])].sort()),
    )
    for (const shape of shapes) {
      expect(shape.length).toBe(1)
      expect(shape).toEqual(shapes[0])
    }
  })

  it('hold nothing but Dapr resources that are theirs alone or shared by all', () => {
    for (const set of ofThisKind) {
      const files = filesBelow(`components/${set}`)
      const resources = files.filter((file) => file.endsWith('.yaml'))
      const others = files.filter((file) => !file.endsWith('.yaml'))
      // the list of the same files for Kubernetes, which daprd does not read
      const list = `components/${set}/Kustomization`
      expect(others.filter((file) => file !== list)).toEqual([])
      if (others.length === 0) continue
      const { resources: listed } = parse(read(list)) as { resources: string[] }
      expect(listed.map((file) => `components/${set}/${file}`).sort()).toEqual(resources)
    }
  })
})

describe('every component', () => {
  const all = [...sets, 'common'].flatMap((set) =>
    ofKind('Component', set).map((component) => ({
      name: `${set}/${component.metadata.name}`,
      component,
    })),
  )

  it('but the secret store is scoped to the apps that use it', () => {
    for (const { name, component } of all)
      if (component.metadata.name !== 'secrets')
        expect(component.scopes?.length, name).toBeGreaterThan(0)
  })

  it('takes addresses of servers, users and passwords from the secret store', () => {
    const suspicious = /password|secret|token|connectionstring|url$|brokers|redishost|username/i
    for (const { name, component } of all)
      for (const entry of entriesOf(component).filter((entry) => suspicious.test(entry.name)))
        if (entry.name !== 'secretsFile')
          expect(entry.value, `${name}.${entry.name}`).toBeUndefined()
  })

  it('finds its secrets among those that are generated', async () => {
    const generated = Object.keys(await completed({}, 'postgres://127.0.0.1'))
    for (const { name, component } of all) {
      const references = entriesOf(component).flatMap(({ secretKeyRef }) => secretKeyRef ?? [])
      for (const { name: secret, key } of references) {
        expect(generated, name).toContain(secret)
        expect(key, name).toBe(secret)
      }
      if (references.length > 0) expect(component.auth, name).toEqual({ secretStore: 'secrets' })
    }
  })
})
