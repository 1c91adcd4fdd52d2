import { expect, test } from 'vitest'
import type { Resource } from './components.ts'
import { checkComponents } from './components-check.ts'

const pubsub: Resource = {
  file: 'components/pubsub-redis/pubsub.yaml',
  kind: 'Component',
  metadata: { name: 'pubsub' },
  scopes: ['orders'],
  spec: {
    type: 'pubsub.redis',
    metadata: [{ name: 'redisHost', secretKeyRef: { name: 'redis-host' } }],
  },
}
const subscription: Resource = {
  file: 'components/pubsub-redis/subscriptions.yaml',
  kind: 'Subscription',
  metadata: { name: 'paid' },
  scopes: ['orders'],
  spec: { pubsubname: 'pubsub', topic: 'paid-v1' },
}
const check = (...resources: Resource[]) =>
  checkComponents({
    resources,
    apps: ['orders', 'catalog'],
    secrets: ['redis-host', 'redis-password'],
    secretsFile: 'secrets.json',
  })
const withEntry = (entry: object): Resource => ({
  ...pubsub,
  spec: { ...pubsub.spec, metadata: [entry] },
})

test('what is right passes, and so does a type that does not ship here', () => {
  check(pubsub, subscription, { ...pubsub, spec: { type: 'pubsub.solace.amqp' } })
})

test.each([
  [
    'a field',
    withEntry({ name: 'redisHst' }),
    'pubsub.redis has no field redisHst; did you mean redisHost?',
  ],
  [
    'a secret',
    withEntry({ name: 'redisPassword', secretKeyRef: { name: 'redis-pasword' } }),
    'redisPassword: there is no secret redis-pasword in secrets.json; did you mean redis-password?',
  ],
  ['a type', { ...pubsub, spec: { type: 'pubsub.reddis' } }, 'did you mean pubsub.redis?'],
  ['an app', { ...pubsub, scopes: ['ordres'] }, 'there is no app ordres; did you mean orders?'],
  ['a kind', { ...pubsub, kind: 'Componet' }, 'there is no Componet; did you mean Component?'],
  [
    'a component',
    { ...subscription, spec: { pubsubname: 'pubsbu' } },
    'there is no component pubsbu; did you mean pubsub?',
  ],
])('a typo in %s is told with its file and what was meant', (_, resource, fault) => {
  expect(() => check(pubsub, resource)).toThrow(fault)
  expect(() => check(pubsub, resource)).toThrow(resource.file)
})

test('all faults are told at once', () => {
  const [first, second] = [withEntry({ name: 'redisHst' }), withEntry({ name: 'consumrID' })]
  expect(() => check(first, second)).toThrow(/redisHst[\s\S]*consumrID/)
})
