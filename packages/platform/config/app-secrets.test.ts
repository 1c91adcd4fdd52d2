import { join } from 'node:path'
import { expect, test } from 'vitest'
import { natsUsers, secretsFor } from './app-secrets.ts'
import { readResources } from './components/components.ts'
import { readRunFile } from './dapr-yaml.ts'
import { completed } from './secrets.ts'

const appConfigs = readRunFile(join(import.meta.dirname, '../../../dapr.yaml'))
const apps = appConfigs.map(({ appId }) => appId)
const resources = readResources([
  ...new Set(appConfigs.flatMap(({ resourcesPaths }) => resourcesPaths)),
])
const secrets = await completed({}, 'postgres://127.0.0.1:5440')

const ofApp = (app: string) => {
  const appConfig = appConfigs.find(({ appId }) => appId === app)
  if (!appConfig) throw new Error(`there is no app ${app}`)
  return secretsFor({ appConfig, resources, secrets })
}

test('an app gets the secrets that it may read and that its components refer to, and no others', () => {
  expect(Object.keys(ofApp('gateway'))).toEqual([])
  // carts: optional
  expect(Object.keys(ofApp('carts')).sort()).toEqual(['broker-url', 'state-database'])
  // /carts
  expect(Object.keys(ofApp('orders')).sort()).toEqual(['broker-url', 'orders-database'])
  expect(Object.keys(ofApp('payments'))).toContain('provider-api-key')
  for (const app of apps) {
    expect(ofApp(app)).not.toHaveProperty('postgres-superuser')
    expect('jwt-keys' in ofApp(app), app).toBe(app === 'users')
  }
})

test('each app has a login of its own at the broker, and none has that of set-up', () => {
  const [admin, ...users] = natsUsers(apps, resources, secrets)
  expect(admin).not.toHaveProperty('may')
  expect(users.map(({ user }) => user)).toEqual(apps.filter((app) => app !== 'gateway'))
  const passwords = [admin, ...users].map((one) => one?.password)
  expect(new Set(passwords).size).toBe(passwords.length)
  for (const { user, password } of users)
    expect(ofApp(user)['broker-url']).toBe(`nats://${user}:${password}@127.0.0.1:4240`)
})

test('an app has two logins while the login at the broker is replaced', () => {
  const url = new URL(secrets['broker-url'] ?? '')
  url.username = 'sidecart_2'
  const next = { ...secrets, 'broker-url': url.href }
  const names = [secrets, next].flatMap((each) => natsUsers(apps, resources, each))
  const users = names.map(({ user }) => user)
  expect(users).toContain('orders')
  expect(users).toContain('orders_2')
  expect(new Set(users).size).toBe(users.length)
})

test('an app may publish its own topics and dead letters, and consume only what it subscribes to', () => {
  const orders = natsUsers(apps, resources, secrets).find(({ user }) => user === 'orders')
  expect(orders?.may?.publish).toEqual([
    'orders-cancelled-v1',
    'orders-confirmed-v1',
    'orders-dead-letters-v1',
    'orders-delivered-v1',
    'orders-placed-v1',
    'orders-refunded-v1',
    'orders-shipped-v1',
    '$JS.API.STREAM.NAMES',
    '$JS.API.CONSUMER.INFO.events.orders-payments-refunded-v1',
    '$JS.API.CONSUMER.CREATE.events.orders-payments-refunded-v1.payments-refunded-v1',
    '$JS.ACK.events.orders-payments-refunded-v1.>',
    '$JS.API.CONSUMER.INFO.orders-dead-letters-v1.orders-dead-letters-v1',
    '$JS.API.CONSUMER.CREATE.orders-dead-letters-v1.orders-dead-letters-v1.orders-dead-letters-v1',
    '$JS.ACK.orders-dead-letters-v1.orders-dead-letters-v1.>',
  ])
})

test('a broker of another kind has one login, which all apps share', () => {
  const [appConfig] = appConfigs
  if (!appConfig) throw new Error('dapr.yaml is empty')
  const resource = { ...resources[0], kind: 'Component', metadata: { name: 'pubsub' }, scopes: [] }
  const metadata = [{ name: 'url', secretKeyRef: { name: 'rabbitmq-url' } }]
  const rabbitmq = { ...resource, file: '', spec: { type: 'pubsub.rabbitmq', metadata } }
  const theirs = secretsFor({ appConfig, resources: [rabbitmq], secrets })
  expect(theirs).toEqual({ 'rabbitmq-url': secrets['rabbitmq-url'] })
  expect(natsUsers(apps, [rabbitmq], secrets)).toHaveLength(1)
})
