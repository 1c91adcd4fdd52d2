import { handled } from './handlers.ts'

/** A subscription of one app to one topic, and what Dapr reads about it. */
type Subscription = { app: string; topic: string; name: string; deadLetterTopic?: string }

const subscriptionsOf = (app: string, topics: readonly string[]): Subscription[] => {
  const deadLetterTopic = `${app}-dead-letters-v1`
  return [
    ...topics.map((topic) => ({ app, topic, name: `${app}-${topic}`, deadLetterTopic })),
    { app, topic: deadLetterTopic, name: deadLetterTopic },
  ]
}

/** Every subscription of the shop, from the tables of handlers in its code. */
export const subscriptions = Object.entries(handled).flatMap(([app, topics]) =>
  subscriptionsOf(app, topics),
)

/**
 * The settings of a consumer, for the sets that have a component per subscription. Why they do: a JetStream consumer has
 * one topic; in Dapr's RabbitMQ component subscriptions share a channel, on which they disturb each other for good when
 * several of them reconnect; its Kafka component may forget one of several topics when an app was away and comes back; the BullMQ
 * component knows its callers by the names of their components.
 */
const settings: Record<string, { type: string; about: string; lines(of: Subscription): string[] }> =
  {
    'pubsub-jetstream': {
      type: 'pubsub.jetstream',
      about: 'one durable consumer per topic, shared by all instances',
      lines: ({ app, name }) => [
        '{ name: natsURL, secretKeyRef: { name: broker-url, key: broker-url } }',
        `{ name: name, value: ${name} }`,
        `{ name: durableName, value: ${name} }`,
        `{ name: queueGroupName, value: ${app} }`,
        '{ name: ackWait, value: 45s }',
        '{ name: maxDeliver, value: "-1" }',
        '{ name: maxAckPending, value: "64" }',
        '{ name: concurrency, value: single }',
      ],
    },
    'pubsub-rabbitmq': {
      type: 'pubsub.rabbitmq',
      about: 'one queue per topic, shared by all instances',
      lines: () => [
        '{ name: connectionString, secretKeyRef: { name: rabbitmq-url, key: rabbitmq-url } }',
        '{ name: durable, value: "true" }',
        '{ name: deletedWhenUnused, value: "false" }',
        '{ name: deliveryMode, value: "2" }',
        '{ name: publisherConfirm, value: "true" }',
        '{ name: requeueInFailure, value: "true" }',
        '{ name: concurrencyMode, value: single }',
        '{ name: prefetchCount, value: "16" }',
        '{ name: reconnectWaitSeconds, value: 1s }',
      ],
    },
    'pubsub-kafka': {
      type: 'pubsub.kafka',
      about: 'one consumer group per topic',
      lines: ({ name }) => [
        '{ name: brokers, secretKeyRef: { name: kafka-brokers, key: kafka-brokers } }',
        '{ name: authType, value: password }',
        '{ name: saslUsername, secretKeyRef: { name: kafka-username, key: kafka-username } }',
        '{ name: saslPassword, secretKeyRef: { name: kafka-password, key: kafka-password } }',
        '{ name: saslMechanism, value: PLAIN }',
        '{ name: disableTls, value: "true" }',
        '{ name: version, value: 3.6.0 }',
        `{ name: consumerGroup, value: ${name} }`,
        '{ name: initialOffset, value: oldest }',
        '{ name: maxMessageBytes, value: "4194304" }',
        '{ name: consumeRetryInterval, value: 1s }',
        '{ name: dialTimeout, value: 5s }',
      ],
    },
    'pubsub-bullmq': {
      type: 'pubsub.bullmq',
      about: 'one Bull queue per topic, shared by all instances',
      lines: ({ app }) => [
        '{ name: redisHost, secretKeyRef: { name: redis-host, key: redis-host } }',
        '{ name: redisUsername, secretKeyRef: { name: redis-username, key: redis-username } }',
        '{ name: redisPassword, secretKeyRef: { name: redis-password, key: redis-password } }',
        `{ name: consumerID, value: ${app} }`,
      ],
    },
  }

/** `subscriptions.yaml` of a set: the same in each, but for the component through which an app receives. */
export function subscriptionsFile(set: string): string {
  const about =
    '# Who receives what. An event that cannot be handled goes to the dead letters of its app, and to no other.\n'
  return about + subscriptions.map((one) => subscriptionYaml(one, set)).join('---\n')
}

const subscriptionYaml = (
  { app, topic, name, deadLetterTopic }: Subscription,
  set: string,
): string => `apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: { name: ${name} }
scopes: [${app}]
spec:
  pubsubname: ${settings[set] ? name : 'pubsub'}
  topic: ${topic}
  routes: { default: /events/${topic} }
${deadLetterTopic ? `  deadLetterTopic: ${deadLetterTopic}` : rawDeadLetters}
`

const rawDeadLetters =
  '  metadata: { rawPayload: "true" } # also what is no event at all arrives, instead of coming back for ever'

/** What an app receives through, for a set that has a component per subscription; undefined for the others. */
export function consumersFile(set: string, app: string): string | undefined {
  const { about } = settings[set] ?? {}
  if (!about) return undefined
  const components = subscriptions
    .filter((one) => one.app === app)
    .map((one) => consumerYaml(set, one))
  return `# What ${app} receives: ${about}. See ../README.md for what each value guards.
${components.join('---\n')}`
}

function consumerYaml(set: string, one: Subscription): string {
  const { app, topic, name, deadLetterTopic } = one
  const topics = [topic, deadLetterTopic].filter(Boolean).join(',')
  const { type, lines } = settings[set] ?? { type: '', lines: () => [] }
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
  ...lines(one),
  `{ name: allowedTopics, value: "${topics}" }`,
  `{ name: publishingScopes, value: ${app}=${deadLetterTopic ?? ''} }`,
  `{ name: subscriptionScopes, value: ${app}=${topic} }`,
]
  .map((line) => `    - ${line}\n`)
  .join('')}`
}
