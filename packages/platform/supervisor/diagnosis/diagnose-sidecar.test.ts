import { expect, test } from 'vitest'
import type { Resource } from '../../config/components/components.ts'
import { diagnoseSidecar } from './diagnose-sidecar.ts'

const secretOf = (field: string, secret: string) => ({
  name: field,
  secretKeyRef: { name: secret },
})
const component = (type: string, ...metadata: object[]): Resource => ({
  file: `components/${type}/pubsub.yaml`,
  kind: 'Component',
  metadata: { name: 'pubsub' },
  scopes: [],
  spec: { type, metadata },
})
const gaveUp = (type: string, why: string) => [
  'time="…" level=warning msg="something else" app_id=carts',
  `time="…" level=fatal msg="Fatal error from runtime: process component pubsub error: [INIT_COMPONENT_FAILURE]: initialization error occurred for pubsub (${type}/v1): [INIT_COMPONENT_FAILURE]: initialization error occurred for pubsub (${type}/v1): ${why}" app_id=carts`,
]

// Messages of the components of Dapr 1.18 on real servers.
test.each([
  [
    'pubsub.kafka',
    'kafka server: SASL Authentication failed: Authentication failed: Invalid username or password',
    'does not let it in',
  ],
  [
    'pubsub.rabbitmq',
    'Exception (403) Reason: \\"username or password not allowed\\"',
    'does not let it in',
  ],
  ['pubsub.jetstream', 'nats: Authorization Violation', 'does not let it in'],
  [
    'state.mysql',
    "Error 1045 (28000): Access denied for user 'sidecart'@'127.0.0.1' (using password: YES)",
    'does not let it in',
  ],
  [
    'pubsub.redis',
    'WRONGPASS invalid username-password pair or user is disabled.',
    'does not let it in',
  ],
  ['pubsub.rabbitmq', 'dial tcp 127.0.0.1:5999: connect: connection refused', 'does not answer'],
  ['pubsub.jetstream', 'nats: no servers available for connection', 'does not answer'],
  [
    'pubsub.mqtt3',
    'failed to establish connection to broker: context deadline exceeded',
    'does not answer',
  ],
  [
    'state.sqlite',
    'failed to ping: unable to open database file: out of memory (14)',
    'none can be made in its folder',
  ],
  [
    'pubsub.bullmq',
    'rpc error: code = Unknown desc = connect ECONNREFUSED 127.0.0.1:5999',
    'does not answer',
  ],
  ['pubsub.kafka', "kafka error: invalid value for 'authType' attribute", 'Compare its fields'],
])('%s: %s', (type, why, todo) => {
  const resources = [component(type, secretOf('url', 'the-url'))]
  const message = diagnoseSidecar(gaveUp(type, why), {
    resources,
    secrets: { 'the-url': 'nats://sidecart:secret@10.0.0.7:4222' },
    secretsFile: 'secrets.json',
  })
  expect(message).toContain(`components/${type}/pubsub.yaml: component pubsub (${type})`)
  expect(message).toContain(why.replaceAll('\\"', '"'))
  expect(message).toContain(todo)
  expect(message).toContain('url (secret the-url) in secrets.json')
  if (todo.startsWith('does not')) expect(message).toContain('The server at 10.0.0.7:4222 ')
  expect(message).not.toContain('initialization error')
})

test('a sidecar that ended for another reason is not explained', () => {
  expect(
    diagnoseSidecar(['panic: out of memory'], { resources: [], secrets: {}, secretsFile: '' }),
  ).toBeUndefined()
})

test('a secret store that does not answer is told, not who then lacks a login', () => {
  const store: Resource = {
    file: 'components/secrets-kubernetes/secrets.yaml',
    kind: 'Component',
    metadata: { name: 'secrets' },
    scopes: [],
    spec: { type: 'secretstores.kubernetes' },
  }
  const refused =
    'time="…" level=error msg="Error getting secret: Get \\"https://127.0.0.1:6443/api/v1/namespaces/default/secrets/broker-url\\": dial tcp 127.0.0.1:6443: connect: connection refused" app_id=carts'
  const message = diagnoseSidecar([refused, ...gaveUp('pubsub.jetstream', 'missing nats URL')], {
    resources: [component('pubsub.jetstream'), store],
    secrets: {},
    secretsFile: 'secrets.json',
  })
  expect(message?.split('\n')).toEqual([
    'components/secrets-kubernetes/secrets.yaml: component secrets (secretstores.kubernetes) did not answer what the others need:',
    '  Get "https://127.0.0.1:6443/api/v1/namespaces/default/secrets/broker-url": dial tcp 127.0.0.1:6443: connect: connection refused',
    expect.stringMatching(/KUBECONFIG says which cluster is asked/),
  ])
})
