import { createHmac } from 'node:crypto'
import type { NatsUser } from '../servers/nats.ts'
import {
  type Entry,
  entriesOf,
  publishedBy,
  type Resource,
  resourcesOf,
  streamsFor,
  uses,
} from './components/components.ts'
import type { AppConfig } from './dapr-yaml.ts'
import type { Secrets } from './secrets.ts'

type Given = {
  appConfig: Pick<AppConfig, 'appId' | 'configFile'>
  resources: readonly Resource[]
  secrets: Secrets
}

/**
 * Returns the secrets needed by an app and its sidecar: secrets that the app's configuration allows, secrets that its
 * components refer to, and a broker login of the app's own in place of the administrator's.
 */
export function secretsFor({ appConfig, resources, secrets }: Given): Secrets {
  const { appId } = appConfig
  const needed = new Set([
    ...allowedIn(resourcesOf(appConfig.configFile)),
    ...loadedBy(appId, resources).flatMap(entriesOf).flatMap(referred),
  ])
  const ours = Object.entries(secrets).filter(([name]) => needed.has(name))
  return Object.fromEntries(
    ours.map(([name, value]) => [name, name === brokerUrl ? brokerUrlOf(appId, value) : value]),
  )
}

/**
 * Returns the logins at a JetStream broker: an administrator for set-up and operators, and one login per app.
 *
 * An app may publish its own topics and dead letters and may consume its subscriptions through its own durable
 * consumers. An app cannot read streams or create a consumer for a foreign topic.
 */
export function natsUsers(
  apps: readonly string[],
  resources: readonly Resource[],
  secrets: Secrets,
): NatsUser[] {
  const url = secrets[brokerUrl] ?? ''
  const { username: user, password } = new URL(url)
  return [
    { user, password },
    ...apps.filter((app) => uses('pubsub.jetstream', loadedBy(app, resources))).map(login),
  ]

  function login(app: string): NatsUser {
    const { username, password } = new URL(brokerUrlOf(app, url))
    const publish = [...publishedBy(app, resources), ...consuming(app, resources)]
    // Replies to requests and deliveries of consumers: Dapr's component uses random inboxes for both.
    return { user: username, password, may: { publish, subscribe: ['_INBOX.>'] } }
  }
}

const brokerUrl = 'broker-url'

/**
 * Derives an app's login from the administrator's: one secret to keep and to rotate. The two administrators of a rotation
 * give an app two logins, `orders` and `orders_2`.
 */
function brokerUrlOf(app: string, all: string): string {
  const url = new URL(all)
  if (url.protocol !== 'nats:') return all
  url.password = createHmac('sha256', url.password).update(`broker ${app}`).digest('base64url')
  url.username = url.username.replace(/^[^_]+/, app)
  return url.href
}

const loadedBy = (app: string, resources: readonly Resource[]): Resource[] =>
  resources.filter(({ scopes }) => scopes.length === 0 || scopes.includes(app))

const referred = ({ secretKeyRef }: Entry): string[] => (secretKeyRef ? [secretKeyRef.name] : [])

type Scope = { allowedSecrets?: string[] }

function allowedIn(configuration: readonly Resource[]): string[] {
  return configuration.flatMap(({ spec }) => {
    const { scopes = [] } = (spec.secrets ?? {}) as { scopes?: Scope[] }
    return scopes.flatMap(({ allowedSecrets = [] }) => allowedSecrets)
  })
}

/** Returns the subjects used by Dapr's component to set up an app's durable consumers and to acknowledge messages. */
function consuming(app: string, resources: readonly Resource[]): string[] {
  const streams = streamsFor(resources)
  const theirs = loadedBy(app, resources)
  const consumers = theirs
    .filter(({ kind }) => kind === 'Subscription')
    .map(({ spec }) => {
      const topic = String(spec.topic)
      const component = theirs.find(
        ({ kind, metadata }) => kind === 'Component' && metadata.name === spec.pubsubname,
      )
      const durable = component && entriesOf(component).find(({ name }) => name === 'durableName')
      return {
        topic,
        durable: durable?.value,
        stream: streams.find(({ subjects }) => subjects.includes(topic))?.name,
      }
    })
  return [
    ...(consumers.length > 0 ? ['$JS.API.STREAM.NAMES'] : []),
    ...consumers.flatMap(({ topic, durable, stream }) => [
      `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
      `$JS.API.CONSUMER.CREATE.${stream}.${durable}.${topic}`,
      `$JS.ACK.${stream}.${durable}.>`,
    ]),
  ]
}
