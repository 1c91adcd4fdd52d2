import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { brokerPort, realPort } from '../../ports.ts'
import type { Secrets } from '../../secrets.ts'

const stream = 'facts'

/**
 * Says facts again that the broker has had, in another order and with the ids they had. Not through a sidecar: it
 * would name each message by its id, and the broker drops a name that it saw within two minutes.
 * Answers how many there were.
 */
export async function repeatFacts(secrets: Secrets, count: number): Promise<number> {
  const { username: user, password: pass } = new URL(secrets['broker-url'] ?? '')
  const servers = `nats://127.0.0.1:${realPort(brokerPort)}`
  const connection = await connect({ servers, user, pass, timeout: 5000, reconnect: false })
  try {
    const { streams } = await jetstreamManager(connection)
    const { first_seq: first, last_seq: last } = (await streams.info(stream)).state
    if (last === 0) return 0
    const chosen = Array.from({ length: count }, () => first + place() * (last - first))
    const found = await Promise.all(
      chosen.map((seq) => streams.getMessage(stream, { seq: Math.round(seq) })),
    )
    const facts = found.filter((message) => message !== null)
    for (const { subject, data } of facts) connection.publish(subject, data)
    await connection.flush()
    return facts.length
  } finally {
    await connection.close()
  }
}

/** Near the end more often than not: what was just said is likelier to be said again. */
const place = (): number => 1 - Math.random() ** 3
