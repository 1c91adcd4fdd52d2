import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Resource } from '../../config/components/components.ts'
import { addressesIn, assertReachable, fieldsToMend } from './check-reachability.ts'

const component = (metadata: object[]): Resource => ({
  file: 'components/pubsub-redis/pubsub.yaml',
  kind: 'Component',
  metadata: { name: 'pubsub' },
  scopes: [],
  spec: { type: 'pubsub.redis', metadata },
})

test.each([
  ['127.0.0.1:9340', ['127.0.0.1:9340']],
  ['kafka-1:9092,kafka-2:9092', ['kafka-1:9092', 'kafka-2:9092']],
  ['amqp://sidecart:12345@rabbit.example:5672/', ['rabbit.example:5672']],
  ['state:p:123@tcp(10.0.0.7:3306)/?allowNativePasswords=true', ['10.0.0.7:3306']],
  ['orders=orders-placed-v1;carts=', []],
  ['../../.sidecart/state.sqlite', []],
  ['45s', []],
])('in %s the servers are %j', (value, places) => {
  const found = addressesIn(
    { name: 'url', secretKeyRef: { name: 'the-url' } },
    { 'the-url': value },
  )
  expect(found.map(({ host, port }) => `${host}:${port}`)).toEqual(places)
})

test('what to mend is named with the file in which it stands', () => {
  const entries = [
    { name: 'redisHost', value: 'redis.example:6379' },
    { name: 'redisPassword', secretKeyRef: { name: 'redis-password' } },
    { name: 'queueDepth', value: '16' },
  ]
  expect(fieldsToMend(component(entries), 'secrets.json')).toBe(
    'redisHost in components/pubsub-redis/pubsub.yaml; redisPassword (secret redis-password) in secrets.json',
  )
})

test('a server that is not ours and does not answer is told with its file, field and address', async () => {
  const [port, close] = await aServer()
  onTestFinished(close)
  const known = { secrets: {}, secretsFile: 'secrets.json' }
  const at = (value: string) => [component([{ name: 'redisHost', value }])]
  await assertReachable(at(`127.0.0.1:${port}`), known, [])
  await assertReachable(at(`127.0.0.1:1,127.0.0.1:${port}`), known, [])
  await assertReachable(at('127.0.0.1:1'), known, [1])
  await expect(assertReachable(at('127.0.0.1:1'), known, [])).rejects.toThrow(
    /components\/pubsub-redis\/pubsub.yaml: component pubsub \(pubsub.redis\): no server answers at 127.0.0.1:1.\n {2}Start it, or correct redisHost in/,
  )
})

test('a wrong password for a server of this checkout is told before anything starts', async () => {
  const secrets = {
    'rabbitmq-url': 'amqp://sidecart:right@127.0.0.1:5672/',
    'redis-host': '127.0.0.1:6379',
    'redis-username': 'sidecart',
    'redis-password': 'right:@',
    'mysql-state': 'state:right@tcp(127.0.0.1:3306)/?x=y',
  }
  const look = (...metadata: object[]) =>
    assertReachable(
      [component(metadata)],
      { secrets, secretsFile: 'secrets.json' },
      [5672, 6379, 3306],
    )
  const told =
    /pubsub.yaml: .* the server at 127.0.0.1:\d+ has another password for \w+, which is in secrets.json.\n {2}Correct \w+/
  const secret = (name: string) => ({ secretKeyRef: { name } })

  const redis = [
    { name: 'redisHost', ...secret('redis-host') },
    { name: 'redisUsername', ...secret('redis-username') },
  ]
  await look(...redis, { name: 'redisPassword', ...secret('redis-password') })
  await expect(look(...redis, { name: 'redisPassword', value: 'wrong' })).rejects.toThrow(told)

  await look({ name: 'connectionString', ...secret('rabbitmq-url') })
  await look({ name: 'connectionString', value: 'amqp://another:login@127.0.0.1:5672/' })
  const rabbit = { name: 'connectionString', value: 'amqp://sidecart:wrong@127.0.0.1:5672/' }
  await expect(look(rabbit)).rejects.toThrow(told)

  const mysql = { name: 'connectionString', value: 'state:wrong@tcp(127.0.0.1:3306)/?x=y' }
  await expect(look(mysql)).rejects.toThrow(told)
})

async function aServer(): Promise<[port: number, close: () => void]> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return [typeof address === 'object' ? (address?.port ?? 0) : 0, () => void server.close()]
}
