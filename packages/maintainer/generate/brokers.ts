import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { resourcesOf } from '@sidecart/platform/config/components/components.ts'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { subscribes, topicsOf, usesBroker } from '@sidecart/platform/config/manifest.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { brokerTypes } from '@sidecart/platform/servers/registry.ts'
import type { Consumer } from '@sidecart/platform/servers/server.ts'
import { type GeneratedFiles, ifThere, isGenerated, writtenBy } from './generated-file.ts'

/** A subscription of one app to one topic, with the values read by Dapr. */
type Subscription = { app: string; topic: string; name: string; deadLetterTopic?: string }

const subscriptionsOf = (app: string, topics: readonly string[]): Subscription[] => {
  const deadLetterTopic = `${app}-dead-letters-v1`
  return [
    ...topics.map((topic) => ({ app, topic, name: `${app}-${topic}`, deadLetterTopic })),
    { app, topic: deadLetterTopic, name: deadLetterTopic },
  ]
}

const byName = inner.toSorted((one, other) => (one.name < other.name ? -1 : 1))

/** Every subscription of the shop. */
const subscriptions = byName.filter(subscribes).flatMap(({ name, subscribesTo = [] }) =>
  subscriptionsOf(
    name,
    subscribesTo.map(({ topic }) => topic),
  ),
)

/** The apps that publish or subscribe. */
export const messaging = byName.filter(usesBroker)

/** Returns the settings of consumers, for a broker whose subscriptions have a component each. */
const consumerOf = (type: string): Consumer | undefined => brokerTypes.get(type)?.consumer

/**
 * Files of the broker sets: `subscriptions.yaml`, the consumer components of each app where the broker needs one per
 * subscription, the topics of each app in `pubsub.yaml`, and the list of files in `Kustomization`. A set whose `subscriptions.yaml` lacks the mark of a
 * generated file is left alone.
 */
export function brokers({ root }: Project): GeneratedFiles {
  const sets = readdirSync(join(root, 'components'))
    .filter((name) => name.startsWith('pubsub-'))
    .map((name) => `components/${name}`)
    .filter((set) => isGenerated(readIfThere(join(root, set, 'subscriptions.yaml'))))
  return Object.assign({}, ...sets.map((set) => filesOf(root, set)))
}

function filesOf(root: string, set: string): GeneratedFiles {
  const publisher = resourcesOf(join(root, set, 'pubsub.yaml'))[0]
  const type = String(publisher?.spec.type)
  const isOwn = (file: string) => isGenerated(readFileSync(join(root, set, file), 'utf8'))
  const gone = readdirSync(join(root, set)).filter(
    (file) => file.endsWith('.yaml') && file !== 'subscriptions.yaml' && isOwn(file),
  )
  const consumers = consumerOf(type)
    ? byName
        .filter(subscribes)
        .map(({ name }) => [`${set}/${name}.yaml`, () => consumersFile(type, name)] as const)
    : []
  const others = readdirSync(join(root, set)).filter(
    (file) => file.endsWith('.yaml') && !gone.includes(file),
  )
  const resources = new Set([...others, ...consumers.map(([path]) => basename(path))])
  return {
    ...Object.fromEntries(gone.map((file) => [`${set}/${file}`, () => undefined])),
    [`${set}/Kustomization`]: ifThere((before) => withResources(before, [...resources].sort())),
    ...Object.fromEntries(consumers),
    [`${set}/subscriptions.yaml`]: () => subscriptionsFile(type),
    [`${set}/pubsub.yaml`]: (before = '') =>
      withSection(`${set}/pubsub.yaml`, before, 'topics', topics(consumerOf(type) !== undefined)),
  }
}

/** Returns a Kustomization with other resources, which are its last part. */
const withResources = (text: string, files: readonly string[]): string =>
  `${text.split('resources:\n')[0]}resources:\n${files.map((file) => `  - ${file}\n`).join('')}`

/** Returns `subscriptions.yaml` of a set. The sets differ only in the component an app receives through. */
function subscriptionsFile(type: string): string {
  const about = `# Who receives what. An event that cannot be handled goes to the dead letters of its app, and to no other.
# ${writtenBy} from services/*/service.ts.
`
  return about + subscriptions.map((one) => subscriptionYaml(one, type)).join('---\n')
}

const subscriptionYaml = (
  { app, topic, name, deadLetterTopic }: Subscription,
  type: string,
): string => `apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: { name: ${name} }
scopes: [${app}]
spec:
  pubsubname: ${consumerOf(type) ? name : 'pubsub'}
  topic: ${topic}
  routes: { default: /events/${topic} }
${deadLetterTopic ? `  deadLetterTopic: ${deadLetterTopic}` : rawDeadLetters}
`

const rawDeadLetters =
  '  metadata: { rawPayload: "true" } # also what is no event at all arrives, instead of coming back for ever'

/** Returns the consumer components of an app, for a broker with one component per subscription. */
function consumersFile(type: string, app: string): string {
  const components = subscriptions
    .filter((one) => one.app === app)
    .map((one) => consumerYaml(type, one))
  return `# What ${app} receives: ${consumerOf(type)?.about}. See ../README.md for what each value guards.
# ${writtenBy} from services/${app}/service.ts.
${components.join('---\n')}`
}

function consumerYaml(type: string, one: Subscription): string {
  const { app, topic, name, deadLetterTopic } = one
  const allowed = [topic, deadLetterTopic].filter(Boolean).join(',')
  return `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: ${name} }
scopes: [${app}]
auth: { secretStore: secrets }
spec:
  type: ${type}
  version: v1
  metadata:
${[
  ...(consumerOf(type)?.metadata(one) ?? []),
  `{ name: allowedTopics, value: "${allowed}" }`,
  `{ name: publishingScopes, value: ${app}=${deadLetterTopic ?? ''} }`,
  `{ name: subscriptionScopes, value: ${app}=${topic} }`,
]
  .map((line) => `    - ${line}\n`)
  .join('')}`
}

/**
 * Returns the topics of each app in `pubsub.yaml`. Where receiving has components of its own, this one publishes only;
 * dead letters are published through the component that received the event.
 */
function topics(publishesOnly: boolean): string {
  const received = (app: string) =>
    publishesOnly ? [] : subscriptions.filter((one) => one.app === app).map(({ topic }) => topic)
  const published = messaging.map((service) => {
    const dead = received(service.name).filter((topic) => topic.endsWith('-dead-letters-v1'))
    return `${service.name}=${[...topicsOf(service), ...dead].join(',')}`
  })
  const subscribed = messaging.map(({ name }) => `${name}=${received(name).join(',')}`)
  return [
    '    - name: publishingScopes',
    '      value: >-',
    `        ${published.join(';\n        ')}`,
    ...(publishesOnly
      ? [`    - { name: subscriptionScopes, value: ${subscribed.join(';')} }`]
      : [
          '    - name: subscriptionScopes',
          '      value: >-',
          `        ${subscribed.join(';\n        ')}`,
        ]),
  ].join('\n')
}
