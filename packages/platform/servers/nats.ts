import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { anyInstance, parallelBulk } from '../../../components/capabilities.ts'
import { streamsFor } from '../config/components/components.ts'
import { loginFrom } from '../config/identity/login.ts'
import type { Secrets } from '../config/secrets.ts'
import { jetStreamFaults, readJetStream } from '../durability/jetstream.ts'
import { answers, type Started, startAndWait } from '../process/start-process.ts'
import { failingStorage } from './nats/failing-storage.ts'
import { defineServer } from './server.ts'

/** A user of the server. Without `may`, every subject is allowed. */
export type NatsUser = {
  user: string
  password: string
  /** Subjects to publish and to subscribe to, with NATS wildcards. */
  may?: { publish: readonly string[]; subscribe: readonly string[] }
}

export type NatsOptions = {
  /** Path of the program, from `ensureRuntime`. */
  path: string
  /** Folder of the configuration file (mode 0600) and the streams. */
  dir: string
  port?: number
  monitorPort?: number
  user: string
  password: string
  logFile: string
}

/**
 * Starts NATS with JetStream on 127.0.0.1. A message is on disk before its acknowledgement. `url` has no credentials.
 * Throws when a port is taken or the server does not answer.
 */
export async function startNats({
  path,
  logFile,
  port = 4222,
  monitorPort = 8222,
  ...options
}: NatsOptions): Promise<Started & { url: string }> {
  const { dir, user, password } = options
  const file = await writeNatsConfig({ dir, port, monitorPort, users: [{ user, password }] })
  const started = await startAndWait(
    { name: 'nats-server', command: path, args: ['--config', file], cwd: dirname(file), logFile },
    { ports: [port, monitorPort], ready: () => answers(`http://127.0.0.1:${monitorPort}/healthz`) },
  )
  return { ...started, url: `nats://127.0.0.1:${port}` }
}

/** Writes the configuration file (mode 0600) and returns its path. A running server reloads the file on SIGHUP. */
export async function writeNatsConfig({
  dir,
  ...options
}: {
  dir: string
  port: number
  monitorPort: number
  users: readonly NatsUser[]
}): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const file = join(resolve(dir), 'nats.conf')
  await writeFile(file, natsConfig({ store: join(resolve(dir), 'jetstream'), ...options }), {
    mode: 0o600,
  })
  await chmod(file, 0o600)
  return file
}

/**
 * Returns the configuration file; NATS accepts JSON. `host` is the address for clients; the monitor is always local.
 */
export function natsConfig(options: {
  store: string
  host?: string
  port: number
  monitorPort: number
  users: readonly NatsUser[]
}): string {
  const users = options.users.map(({ user, password, may }) =>
    JSON.stringify({ user, password, ...(may && { permissions: may }) }),
  )
  return `server_name: sidecart
listen: "${options.host ?? '127.0.0.1'}:${options.port}"
http: "127.0.0.1:${options.monitorPort}"
authorization {
  # The default, 2 s, is too short for a client that starts on a busy machine.
  timeout: 10
  users: [
    ${users.join('\n    ')}
  ]
}
# The default, 1 MB, leaves no room for the envelope of an event of that size.
max_payload: 4MB
jetstream {
  store_dir: ${JSON.stringify(options.store)}
  # Without this a message is acknowledged before it is on disk.
  sync_interval: always
}
`
}

export type NatsLogin = { url: string; user: string; password: string }

/** Returns the administrator's login at the server on this port. */
export const natsLogin = (secrets: Secrets, port: number): NatsLogin => ({
  url: `nats://127.0.0.1:${port}`,
  ...loginFrom(secrets['broker-url']),
})

export const nats = defineServer({
  name: 'nats',
  ports: {
    client: { usual: 4240, serves: 'sidecars, by a login each', isProxied: true },
    monitor: { usual: 8240, serves: 'its health and counters' },
  },
  address: 'broker-url',
  secrets: ({ client }, password) => ({
    'broker-url': `nats://sidecart:${password()}@127.0.0.1:${client}`,
  }),
  components: {
    'pubsub.jetstream': {
      lacks: { 'ordered-bulk': parallelBulk, 'ordered-competing': anyInstance },
      // a consumer has one topic
      consumer: {
        about: 'one durable consumer per topic, shared by all instances',
        metadata: ({ app, name }) => [
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
    },
  },
  version: (_, { parts }) => `NATS ${parts['nats-server'].version}`,
  durability: {
    means: 'an event is on the disk before it is acknowledged, and every consumer keeps its place',
    faults: async (_, { monitor }) =>
      jetStreamFaults(await readJetStream(`http://127.0.0.1:${monitor}`)),
  },
  // Dapr's component tries for two minutes
  sidecarsReconnectForSeconds: 100,
  processes({ runtime, dir, ports, secrets, resources, logOf }) {
    const { client: port, monitor: monitorPort } = ports
    const logFile = logOf('nats')
    const { path } = runtime.parts['nats-server']
    const login = () => natsLogin(secrets(), port)
    return [
      {
        start: () => startNats({ ...login(), path, dir, port, monitorPort, logFile }),
        prepare: async () => {
          const { ensureStream } = await import('./nats/streams.ts')
          for (const stream of streamsFor(resources)) await ensureStream({ ...login(), ...stream })
        },
        ready: () => answers(`http://127.0.0.1:${monitorPort}/healthz`),
        failing: failingStorage(dir, logFile),
      },
    ]
  },
})
