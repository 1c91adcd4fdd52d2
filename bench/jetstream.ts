import {
  AckPolicy,
  type ConsumerMessages,
  type JetStreamClient,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream'
import { connect, type NatsConnection, nanos } from '@nats-io/transport-node'
import type { CloudEvent } from '@sidecart/chassis/contract/event.ts'
import { Fault } from '@sidecart/chassis/core/errors.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'

/** Delivers an event. Returns `false` for redelivery. */
export type Deliver = (topic: string, event: string) => Promise<boolean>

export type Events = {
  /** Resolves when the broker has stored the events on disk. Returns ids of events not stored. */
  publish(topic: string, events: readonly CloudEvent[]): Promise<{ failed: string[] }>
  /**
   * Creates a durable consumer per topic, configured like the component set: sequential delivery,
   * acknowledged after processing.
   */
  receive(app: string, topics: readonly string[], deliver: Deliver, log: Log): Promise<void>
  close(): Promise<void>
}

const stream = 'events'
const againMs = 1_000

/** Events on JetStream through the broker's own client. */
export function createEvents(url: () => Promise<string>): Events {
  let opened: Promise<{ connection: NatsConnection; client: JetStreamClient }> | undefined
  const consuming: { messages: ConsumerMessages; ended: Promise<void> }[] = []

  async function open() {
    const { host, username: user, password: pass } = new URL(await url())
    const connection = await connect({ servers: host, user, pass, maxReconnectAttempts: -1 })
    return { connection, client: jetstream(connection) }
  }

  function broker() {
    opened ??= open()
    return opened
  }

  async function publish(topic: string, events: readonly CloudEvent[]) {
    const { client } = await broker().catch((cause: unknown) => {
      opened = undefined
      throw new Fault('unavailable', 'the broker does not answer', { cause })
    })
    const sent = await Promise.allSettled(
      events.map((event) => client.publish(topic, JSON.stringify(event), { msgID: event.id })),
    )
    return { failed: events.filter((_, n) => sent[n]?.status === 'rejected').map(({ id }) => id) }
  }

  async function receive(app: string, topics: readonly string[], deliver: Deliver, log: Log) {
    const { connection, client } = await broker()
    const { consumers } = await jetstreamManager(connection)
    for (const topic of topics) {
      const durable_name = `${app}-${topic}`
      const config = { ack_policy: AckPolicy.Explicit, ack_wait: nanos(45_000) }
      await consumers.add(stream, {
        ...config,
        durable_name,
        filter_subject: topic,
        max_ack_pending: 64,
      })
      const consumer = await client.consumers.get(stream, durable_name)
      const messages = await consumer.consume({ max_messages: 64 })
      const ended = consume(messages, topic, deliver).catch((err) =>
        log.error({ err, topic }, 'consumer ended'),
      )
      consuming.push({ messages, ended })
    }
  }

  async function close(): Promise<void> {
    await Promise.all(consuming.map(({ messages }) => messages.close()))
    await Promise.all(consuming.map(({ ended }) => ended))
    await (await opened)?.connection.drain()
  }
  return { publish, receive, close }
}

async function consume(messages: ConsumerMessages, topic: string, deliver: Deliver) {
  for await (const message of messages) {
    const done = await deliver(topic, message.string()).catch(() => false)
    if (done) message.ack()
    else message.nak(againMs)
  }
}
