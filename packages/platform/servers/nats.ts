import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { connect, nanos } from '@nats-io/transport-node'
import { answers, type Started, startAndWait } from '../process/start-process.ts'

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

export type StreamOptions = NatsLogin & {
  name: string
  subjects: readonly string[]
}

/**
 * Creates a stream, or updates the settings of an existing one and adds missing subjects without losing messages. A
 * stream with some of the subjects keeps its own name. Messages are stored in files for 7 days; a message id seen
 * within 2 minutes is dropped. Throws when the server rejects the settings.
 */
export async function ensureStream({
  url,
  user,
  password: pass,
  name,
  subjects,
}: StreamOptions): Promise<void> {
  const connection = await connect({ servers: url, user, pass, timeout: 5000, reconnect: false })
  try {
    const manager = await jetstreamManager(connection)
    const existing = await streamWith(manager, name, subjects)
    const all = [...new Set([...(existing?.subjects ?? []), ...subjects])]
    const config = { ...durable, subjects: all }
    await (existing
      ? manager.streams.update(existing.name, config)
      : manager.streams.add({ name, ...config }))
  } finally {
    await connection.close()
  }
}

const day = 86_400_000

const durable = {
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  duplicate_window: nanos(120_000),
  max_age: nanos(7 * day),
  num_replicas: 1,
} satisfies Partial<StreamConfig>

/** Returns the stream of this name, or another stream with some of the subjects: no subject may be in two streams. */
async function streamWith(
  manager: JetStreamManager,
  name: string,
  subjects: readonly string[],
): Promise<StreamConfig | undefined> {
  let other: StreamConfig | undefined
  for await (const { config } of manager.streams.list()) {
    if (config.name === name) return config
    if (config.subjects.some((subject) => subjects.includes(subject))) other = config
  }
  return other
}
