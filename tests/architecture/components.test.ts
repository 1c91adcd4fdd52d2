import { describe, expect, it } from 'vitest'
import { cartsHandlers } from '../../services/carts/app.ts'
import { catalogHandlers } from '../../services/catalog/app.ts'
import { catalog } from '../../services/catalog/contract.ts'
import { notificationsHandlers } from '../../services/notifications/app.ts'
import { ordersHandlers } from '../../services/orders/app.ts'
import { orders } from '../../services/orders/contract.ts'
import { payments } from '../../services/payments/contract.ts'
import { users } from '../../services/users/contract.ts'
import { documents, filesBelow, foldersIn, type Resource } from './tree.ts'

const sets = foldersIn('components').filter((folder) => folder !== 'common')
const brokers = sets.filter((folder) => folder.startsWith('pubsub-'))
const resources = (folder: string): Resource[] =>
  filesBelow(`components/${folder}`, /\.yaml$/).flatMap(documents)
const ofKind = (kind: string, folder: string) =>
  resources(folder).filter((resource) => resource.kind === kind)

/** What the code of each service handles; building the tables runs none of the handlers. */
const handled: Record<string, string[]> = {
  carts: topicsOf(cartsHandlers({} as never)),
  catalog: topicsOf(catalogHandlers({} as never)),
  notifications: topicsOf(notificationsHandlers({} as never)),
  orders: topicsOf(ordersHandlers({} as never)),
}
const said: Record<string, string[]> = {
  catalog: topicsSaid(catalog),
  orders: topicsSaid(orders),
  payments: topicsSaid(payments),
  users: topicsSaid(users),
}

function topicsOf(handlers: readonly { fact: { topic: string } }[]): string[] {
  return handlers.map(({ fact }) => fact.topic).sort()
}

function topicsSaid(facts: Record<string, { topic: string }>): string[] {
  return Object.values(facts)
    .map(({ topic }) => topic)
    .sort()
}

describe.each(brokers)('the subscriptions of %s', (broker) => {
  const subscriptions = ofKind('Subscription', broker) as (Resource & {
    spec: {
      topic: string
      pubsubname: string
      routes: { default: string }
      deadLetterTopic?: string
    }
  })[]
  const ofApp = (app: string) => subscriptions.filter(({ scopes }) => scopes?.includes(app))

  it.each(Object.entries(handled))('%s hears exactly what its code handles', (app, topics) => {
    const heard = ofApp(app).map(({ spec }) => spec.topic)
    expect(heard.sort()).toEqual([...topics, `${app}-dead-letters-v1`].sort())
  })

  it('nobody else hears anything', () => {
    expect(
      [...new Set(subscriptions.flatMap(({ scopes }) => scopes ?? ['everybody']))].sort(),
    ).toEqual(Object.keys(handled).sort())
  })

  it('every fact heard has its route and its dead letters', () => {
    for (const { scopes, spec } of subscriptions) {
      expect(spec.routes.default).toBe(`/events/${spec.topic}`)
      if (!spec.topic.endsWith('-dead-letters-v1'))
        expect(spec.deadLetterTopic).toBe(`${scopes?.[0]}-dead-letters-v1`)
    }
  })

  it('every component that a subscription names is there and scoped to its app', () => {
    const components = ofKind('Component', broker)
    for (const { scopes, spec } of subscriptions) {
      const component = components.find(({ metadata }) => metadata.name === spec.pubsubname)
      expect(component?.scopes, spec.pubsubname).toEqual(expect.arrayContaining(scopes ?? []))
    }
  })

  it('every service may publish exactly the facts it says', () => {
    const metadata = ofKind('Component', broker).find(({ metadata }) => metadata.name === 'pubsub')
      ?.spec.metadata as { name: string; value: string }[]
    const scopes = metadata.find(({ name }) => name === 'publishingScopes')?.value ?? ''
    const allowed = Object.fromEntries(
      scopes
        .replaceAll(/\s/g, '')
        .split(';')
        .filter(Boolean)
        .map((entry) => entry.split('='))
        .map(([app, topics]) => [app, (topics ?? '').split(',').sort()]),
    )
    expect(allowed).toEqual(said)
  })
})

describe('component sets', () => {
  it('of one kind declare the same names with the same scopes', () => {
    for (const kind of ['pubsub-', 'state-', 'secrets-']) {
      const shapes = sets
        .filter((set) => set.startsWith(kind))
        .map((set) =>
          ofKind('Component', set)
            .filter(({ metadata }) => ['pubsub', 'statestore', 'secrets'].includes(metadata.name))
            .map(({ metadata, scopes }) => ({
              name: metadata.name,
              scopes: [...(scopes ?? [])].sort(),
            })),
        )
      expect(shapes.length, kind).toBeGreaterThan(0)
      for (const shape of shapes) expect(shape).toEqual(shapes[0])
    }
  })

  it('every component but the secret store is scoped to the apps that use it', () => {
    for (const set of [...sets, 'common']) {
      for (const { metadata, scopes } of ofKind('Component', set)) {
        if (metadata.name !== 'secrets')
          expect(scopes?.length, `${set}/${metadata.name}`).toBeGreaterThan(0)
      }
    }
  })

  it('no component holds a secret in plain text', () => {
    const suspicious = /password|secret|token|connectionstring|natsurl/i
    for (const set of [...sets, 'common']) {
      for (const { metadata, spec } of ofKind('Component', set)) {
        for (const entry of (spec.metadata ?? []) as { name: string; value?: string }[]) {
          if (suspicious.test(entry.name) && !/^secretsFile$/.test(entry.name))
            expect(entry.value, `${set}/${metadata.name}.${entry.name}`).toBeUndefined()
        }
      }
    }
  })
})

describe('access control', () => {
  const policies = foldersInConfiguration()

  it('is on for every service, refuses by default, and runs over mTLS', () => {
    for (const { metadata, spec } of policies) {
      expect(spec, metadata.name).toMatchObject({
        mtls: { enabled: true },
        accessControl: { defaultAction: 'deny' },
      })
    }
  })

  it('lets only orders use the internal routes', () => {
    const callers = policies.flatMap(({ spec }) =>
      (
        (
          spec.accessControl as {
            policies?: { appId: string; operations: { name: string; action: string }[] }[]
          }
        ).policies ?? []
      )
        .filter(({ operations }) =>
          operations.some(
            ({ name, action }) =>
              action === 'allow' && (name.startsWith('/internal') || name === '/**'),
          ),
        )
        .map(({ appId }) => appId),
    )
    expect([...new Set(callers)]).toEqual(['orders'])
  })

  function foldersInConfiguration(): Resource[] {
    return filesBelow('components/common/configuration', /\.yaml$/).flatMap(documents)
  }
})
