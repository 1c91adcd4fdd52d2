import { callTimeoutMs } from '@sidecart/chassis/sidecar/sidecar-http.ts'
import { topicsOf, usesBroker } from '@sidecart/platform/config/manifest.ts'
import {
  consumers,
  inner,
  manifests,
  routesByService,
} from '@sidecart/platform/config/manifests.ts'
import { describe, expect, it } from 'vitest'
import { handled } from './handlers.ts'
import { documents, filesBelow, foldersIn, type Resource, read } from './tree.ts'

const services = foldersIn('services')
const brokers = foldersIn('components').filter((folder) => folder.startsWith('pubsub-'))
const resources = (folder: string): Resource[] =>
  filesBelow(`components/${folder}`, /\.yaml$/).flatMap(documents)
const ofKind = (kind: string, folder: string) =>
  resources(folder).filter((resource) => resource.kind === kind)

const publishedBy = Object.fromEntries(
  manifests.map((service) => [service.name, topicsOf(service).sort()]),
)

describe.each(brokers)('the subscriptions of %s', (broker) => {
  const subscriptions = ofKind('Subscription', broker) as (Resource & {
    spec: {
      topic: string
      pubsubname: string
      routes: { default: string }
      deadLetterTopic?: string
      metadata?: Record<string, string>
    }
  })[]
  const ofApp = (app: string) => subscriptions.filter(({ scopes }) => scopes?.includes(app))

  it.each(Object.entries(handled))('%s receives exactly what its code handles', (app, topics) => {
    const received = ofApp(app).map(({ spec }) => spec.topic)
    expect(received.sort()).toEqual([...topics, `${app}-dead-letters-v1`].sort())
  })

  it('nobody else receives anything', () => {
    expect(
      [...new Set(subscriptions.flatMap(({ scopes }) => scopes ?? ['everybody']))].sort(),
    ).toEqual(Object.keys(handled).sort())
  })

  it('every event received has its route and its dead letters', () => {
    for (const { scopes, spec } of subscriptions) {
      expect(spec.routes.default).toBe(`/events/${spec.topic}`)
      if (spec.topic.endsWith('-dead-letters-v1'))
        expect(spec.metadata, spec.topic).toMatchObject({ rawPayload: 'true' })
      else expect(spec.deadLetterTopic).toBe(`${scopes?.[0]}-dead-letters-v1`)
    }
  })

  it('every component that a subscription names is there and scoped to its app', () => {
    const components = ofKind('Component', broker)
    for (const { scopes, spec } of subscriptions) {
      const component = components.find(({ metadata }) => metadata.name === spec.pubsubname)
      expect(component?.scopes, spec.pubsubname).toEqual(expect.arrayContaining(scopes ?? []))
    }
  })

  it('no app loads the component for publishing but those that publish or receive', () => {
    const [component] = ofKind('Component', broker).filter(
      ({ metadata }) => metadata.name === 'pubsub',
    )
    expect(component?.scopes?.toSorted()).toEqual(everybody.toSorted())
  })

  it('every service may publish the events it publishes, and nothing else but its own dead letters', () => {
    const scopes = topicScopes(broker, 'pubsub', 'publishingScopes')
    for (const app of everybody) {
      const allowed = scopes[app]?.filter((topic) => topic !== `${app}-dead-letters-v1`)
      expect(allowed?.sort(), app).toEqual(publishedBy[app] ?? [])
    }
  })

  it('every service may receive what it subscribes to, and publish its dead letters there', () => {
    for (const { scopes = [], spec } of subscriptions) {
      for (const app of scopes) {
        const { pubsubname, topic, deadLetterTopic } = spec
        const may = (verb: 'publishing' | 'subscription') =>
          topicScopes(broker, pubsubname, `${verb}Scopes`)[app] ?? allowedTopics(broker, pubsubname)
        expect(may('subscription'), pubsubname).toContain(topic)
        if (deadLetterTopic) expect(may('publishing'), pubsubname).toContain(deadLetterTopic)
      }
    }
  })

  it('an app may publish its own events and dead letters, through whichever component', () => {
    for (const { metadata, scopes = [] } of ofKind('Component', broker))
      for (const app of scopes) {
        const allowed = topicScopes(broker, metadata.name, 'publishingScopes')[app]
        const own = [...(metadata.name === 'pubsub' ? (publishedBy[app] ?? []) : [])]
        expect([...own, `${app}-dead-letters-v1`], `${app} by ${metadata.name}`).toEqual(
          expect.arrayContaining(allowed ?? ['everything']),
        )
      }
  })

  it('an app may subscribe to what it handles, through whichever component', () => {
    for (const { metadata, scopes = [] } of ofKind('Component', broker))
      for (const app of scopes) {
        const allowed = topicScopes(broker, metadata.name, 'subscriptionScopes')[app]
        const received = ofApp(app)
          .filter(({ spec }) => spec.pubsubname === metadata.name)
          .map(({ spec }) => spec.topic)
        expect(received, `${app} by ${metadata.name}`).toEqual(
          expect.arrayContaining(allowed ?? ['everything']),
        )
      }
  })

  it('nobody may subscribe through the component for saying to what it does not receive', () => {
    const scopes = topicScopes(broker, 'pubsub', 'subscriptionScopes')
    for (const app of everybody) {
      const received = ofApp(app).map(({ spec }) => spec.topic)
      expect(received, app).toEqual(expect.arrayContaining(scopes[app] ?? ['everything']))
    }
  })
})

const everybody = inner.filter(usesBroker).map(({ name }) => name)

type Entry = { name: string; value?: string }
const settingOf = (broker: string, component: string, setting: string): string | undefined =>
  ofKind('Component', broker)
    .filter(({ metadata }) => metadata.name === component)
    .flatMap(({ spec }) => spec.metadata as Entry[])
    .find(({ name }) => name === setting)?.value

const topicsIn = (list = ''): string[] => list.replaceAll(/\s/g, '').split(',').filter(Boolean)

/** Parses `app=topic,topic;app=topic`. An app without an entry may use every topic. */
function topicScopes(broker: string, component: string, setting: string): Record<string, string[]> {
  const entries = (settingOf(broker, component, setting) ?? '').split(';').filter(Boolean)
  return Object.fromEntries(
    entries.map((entry) => {
      const [app = '', topics] = entry.split('=')
      return [app.trim(), topicsIn(topics)]
    }),
  )
}

const allowedTopics = (broker: string, component: string): string[] =>
  topicsIn(settingOf(broker, component, 'allowedTopics'))

describe('the calls in the manifests', () => {
  it('are those that services make', () => {
    const made = services
      .flatMap((service) => filesBelow(`services/${service}`, /(?<!test)\.ts$/))
      .filter((file) => !file.endsWith('contract.ts'))
      .flatMap((file) =>
        [...read(file).matchAll(/\bcallService\(\s*sidecar,\s*'(\w+)',\s*(\w+)Routes\.(\w+)/g)].map(
          ([, callee = '', contract, route = '']) => {
            expect(contract, file).toBe(callee)
            const { method, path } = routesByService[callee]?.[route] ?? {}
            return `${file.split('/')[1]} ${callee} ${method} ${path}`
          },
        ),
      )
    const named = manifests.flatMap(({ name: caller, calls = {} }) =>
      Object.entries(calls).flatMap(([callee, routes]) =>
        routes.map(({ method, path }) => `${caller} ${callee} ${method} ${path}`),
      ),
    )
    expect(named.sort()).toEqual([...new Set(made)].sort())
  })

  it('are the only ones: nobody else takes a sidecar’s invoke', () => {
    const users = ['services/gateway/app.ts', 'services/gateway/openapi-merge.ts']
    const found = filesBelow('services', /\.ts$/).filter((file) => /\.invoke\(/.test(read(file)))
    expect(found).toEqual(users)
  })

  it('have dead letters where events are handled', () => {
    expect(consumers.toSorted()).toEqual(Object.keys(handled).sort())
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

  it('has no rule that reaches deeper than one segment', () => {
    for (const { metadata, spec } of policies) {
      const { policies: callers = [] } = spec.accessControl as {
        policies?: { operations: { name: string }[] }[]
      }
      for (const { name } of callers.flatMap(({ operations }) => operations)) {
        expect(name, metadata.name).toMatch(/[^*]\/\*$/)
        expect(name.split('/'), metadata.name).not.toContain('**')
      }
    }
  })

  it('lets only services that call them use the internal routes', () => {
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
    const calling = manifests.filter(({ calls = {} }) =>
      Object.values(calls)
        .flat()
        .some(({ path }) => path.startsWith('/internal/')),
    )
    expect([...new Set(callers)].sort()).toEqual(calling.map(({ name }) => name).sort())
  })

  function foldersInConfiguration(): Resource[] {
    return filesBelow('components/common/configuration', /\.yaml$/).flatMap(documents)
  }
})

it('on RabbitMQ a sidecar does not give up publishing before the service does: the component then reports success', () => {
  const [resiliency] = ofKind('Resiliency', 'pubsub-rabbitmq') as (Resource & {
    spec: {
      policies: { timeouts: Record<string, string> }
      targets: { components: { pubsub: { outbound: { timeout: string } } } }
    }
  })[]
  const { policies, targets } = resiliency?.spec ?? {}
  const timeout = policies?.timeouts[targets?.components.pubsub.outbound.timeout ?? '']
  expect(Number(timeout?.replace(/s$/, '')) * 1_000).toBeGreaterThan(1.5 * callTimeoutMs)
})
