import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readResources } from '../config/components/components.ts'
import { serversFor } from './registry.ts'

const components = join(import.meta.dirname, '../../../components')
const namesFor = (set: string) =>
  serversFor(readResources([join(components, set)])).map(({ name }) => name)

test('each set of this project starts its own servers, and no others', () => {
  const sets = readdirSync(components).filter((name) => /^(pubsub|state|cache)-/.test(name))
  expect(Object.fromEntries(sets.map((set) => [set, namesFor(set)]))).toMatchObject({
    'cache-redis': ['redis'],
    'pubsub-bullmq': ['redis', 'bullmq'],
    'pubsub-jetstream': ['nats'],
    'pubsub-kafka': ['kafka'],
    'pubsub-mqtt': ['mosquitto'],
    'pubsub-rabbitmq': ['rabbitmq'],
    'pubsub-redis': ['redis'],
    'state-mysql': ['mariadb'],
    'state-postgresql': [],
    'state-redis': ['redis'],
    'state-sqlite': [],
  })
})

test('a set that names a server elsewhere starts none here', () => {
  const [redis] = readResources([join(components, 'state-redis')])
  if (!redis) throw new Error('components/state-redis is empty')
  const metadata = [{ name: 'redisHost', value: 'valkey.example.com:6379' }]
  const elsewhere = { ...redis, spec: { ...redis.spec, metadata } }
  expect(serversFor([elsewhere])).toEqual([])
})
