import { handled } from './handlers.ts'

/** A subscription of one app to one topic, with the values read by Dapr. */
type Subscription = { app: string; topic: string; name: string; deadLetterTopic?: string }

const subscriptionsOf = (app: string, topics: readonly string[]): Subscription[] => {
  const deadLetterTopic = `${app}-dead-letters-v1`
  return [
    ...topics.map((topic) => ({ app, topic, name: `${app}-${topic}`, deadLetterTopic })),
    { app, topic: deadLetterTopic, name: deadLetterTopic },
  ]
}

/** Every subscription of the shop, derived from the tables of handlers in the code. */
export const subscriptions = Object.entries(handled).flatMap(([app, topics]) =>
  subscriptionsOf(app, topics),
)

/**
 * Consumer settings, for the sets with one component per subscription. Reasons for such a
 * component: a JetStream consumer has one topic; subscriptions of one RabbitMQ component share a
 * channel, and several reconnecting at once stay broken; the Kafka component may lose one of
 * several topics when an app comes back; the BullMQ component identifies callers by component name.
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

/**
 * Returns `subscriptions.yaml` of a set. The sets differ only in the component an app receives
 * through.
 */
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

/**
 * Returns the consumer components of an app, for a set with one component per subscription;
 * otherwise `undefined`.
 */
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
