import {
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { connect, nanos } from '@nats-io/transport-node'
import type { NatsLogin } from '../nats.ts'

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
