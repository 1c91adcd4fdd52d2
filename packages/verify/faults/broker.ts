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
 * Says events again that the broker has had since then, in another order and with the ids they had. Not through a
 * sidecar: it would name each message by its id, and the broker drops a name that it saw within two minutes. Older
 * ones are let be: among them may be what an operator has thrown away, and it would be a dead letter once more.
 * Returns how many there were.
 */
export async function republishEvents(
  { url, user, password: pass }: NatsLogin,
  { since, count }: { since: Date; count: number },
): Promise<number> {
  const connection = await connect({ servers: url, user, pass, timeout: 5000, reconnect: false })
  try {
    const manager = await jetstreamManager(connection)
    const { last, said } = await saidSince(manager, since)
    if (said === 0) return 0
    const chosen = Array.from({ length: count }, () => last - Math.floor(distance() * said))
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

/** How many there are since then, and where the last of them is: what a consumer that begins then has before it. */
async function saidSince({ consumers, streams }: JetStreamManager, since: Date) {
  const { name, num_pending: said } = await consumers.add(stream, {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
    ack_policy: AckPolicy.None,
  })
  await consumers.delete(stream, name)
  const { last_seq: last } = (await streams.info(stream)).state
  return { last, said }
}

/** From the end, short more often than not: what was just said is likelier to be said again. */
const distance = (): number => Math.random() ** 3
