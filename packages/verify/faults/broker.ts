import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { NatsLogin } from '@sidecart/platform/servers/nats.ts'

const stream = 'events'

/**
 * Republishes events stored since `since`, in random order and with their original ids. Publishes
 * to NATS directly: the sidecar would set the event id as message id, and the broker deduplicates
 * message ids for two minutes. Never republishes older events: an event whose dead letter was
 * dismissed by an operator would become a dead letter again. Returns the number of events.
 */
export async function republishEvents(
  { url, user, password: pass }: NatsLogin,
  { since, count }: { since: Date; count: number },
): Promise<number> {
  const connection = await connect({ servers: url, user, pass, timeout: 5000, reconnect: false })
  try {
    const manager = await jetstreamManager(connection)
    const { last, published } = await publishedSince(manager, since)
    if (published === 0) return 0
    const chosen = Array.from({ length: count }, () => last - Math.floor(distance() * published))
    const found = await Promise.all(
      chosen.map((seq) => manager.streams.getMessage(stream, { seq })),
    )
    const events = found.filter((message) => message !== null)
    for (const { subject, data } of events) connection.publish(subject, data)
    await connection.flush()
    return events.length
  } finally {
    await connection.close()
  }
}

/**
 * Returns the number of events since `since` and the sequence number of the last one. An ephemeral
 * consumer counts them.
 */
async function publishedSince({ consumers, streams }: JetStreamManager, since: Date) {
  const { name, num_pending: published } = await consumers.add(stream, {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
    ack_policy: AckPolicy.None,
  })
  await consumers.delete(stream, name)
  const { last_seq: last } = (await streams.info(stream)).state
  return { last, published }
}

/**
 * Relative distance from the end of the stream. The cube favours recent events, the likeliest
 * redeliveries.
 */
const distance = (): number => Math.random() ** 3
