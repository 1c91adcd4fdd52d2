import { createHash, randomBytes } from 'node:crypto'

/** A topic and its consumers; each consumer has a queue. */
export type Topic = { name: string; queues: readonly string[] }

/** Returns the broker's definitions, loaded at every start: user, topics (fanout exchanges), queues. */
export function definitions({
  user,
  password,
  topics,
}: {
  user: string
  password: string
  topics: readonly Topic[]
}): object {
  const vhost = '/'
  const lasting = { vhost, durable: true, auto_delete: false }
  return {
    vhosts: [{ name: vhost }],
    users: [{ name: user, tags: [], ...hashed(password) }],
    permissions: [{ user, vhost, configure: '.*', write: '.*', read: '.*' }],
    exchanges: topics.map(({ name }) => ({
      name,
      ...lasting,
      type: 'fanout',
      internal: false,
      arguments: {},
    })),
    queues: topics.flatMap(({ queues }) =>
      // Dapr's component declares the queue with this argument and cannot use a queue with another one.
      queues.map((name) => ({ name, ...lasting, arguments: { 'x-queue-type': 'classic' } })),
    ),
    bindings: topics.flatMap(({ name, queues }) =>
      queues.map((destination) => ({
        source: name,
        vhost,
        destination,
        destination_type: 'queue',
        routing_key: '',
        arguments: {},
      })),
    ),
  }
}

function hashed(password: string) {
  const salt = randomBytes(4)
  const digest = createHash('sha256').update(salt).update(password).digest()
  return {
    password_hash: Buffer.concat([salt, digest]).toString('base64'),
    hashing_algorithm: 'rabbit_password_hashing_sha256',
  }
}
