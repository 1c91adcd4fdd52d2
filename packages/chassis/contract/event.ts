import type { z } from 'zod'

/** An event to publish, as stored in the outbox. */
export type OutboxMessage = { topic: string; data: unknown }

/** A kind of event: the topic (also the CloudEvent `type`) and the schema. Calling the definition creates an event. */
export type EventDefinition<S extends z.ZodType = z.ZodType> = {
  (data: z.input<S>): OutboxMessage
  readonly topic: string
  /** The publishing service. Consumers refuse events from any other `source`. */
  readonly owner: string
  readonly schema: S
  /** Field of the data with the id of what changed. Events with one value there are delivered in order. */
  readonly key: string | undefined
}

const topicName = /^[a-z]+(-[a-z]+)+-v[1-9][0-9]*$/

/**
 * Declares an event. Use `z.object`, not `z.strictObject`: contracts grow by optional fields, and a consumer older
 * than the producer ignores unknown fields.
 *
 * @param key the partition key: a broker that divides a topic among consumers keeps events of one key together
 * @example
 * export const orders = { shipped: defineEvent('orders-shipped-v1', z.object({ orderId: z.uuid() }), 'orderId') }
 * tx.emit(orders.shipped({ orderId }))
 * @throws Error when the topic is not `<owner>-<past-tense-event>-v<n>` in lower case and hyphens
 */
export function defineEvent<S extends z.ZodType>(
  topic: string,
  schema: S,
  key?: string & keyof z.output<S>,
): EventDefinition<S> {
  if (!topicName.test(topic))
    throw new Error(`topic "${topic}" is not <owner>-<past-tense-event>-v<n>`)
  const emit = (data: z.input<S>): OutboxMessage => ({ topic, data: schema.parse(data) })
  const [owner = ''] = topic.split('-')
  return Object.assign(emit, { topic, owner, schema, key })
}

/** A published event: a CloudEvent 1.0 envelope. `id` is the id of the outbox row, the same in every delivery. */
export type CloudEvent = {
  id: string
  source: string
  type: string
  specversion: '1.0'
  datacontenttype: 'application/json'
  time?: string
  traceparent?: string
  /** Id of what changed; see `EventDefinition.key`. */
  partitionkey?: string
  data: unknown
}

/** An event that a consumer could not process, stored with the cause until a retry or a replay succeeds. */
export type DeadLetter = {
  id: string
  topic: string
  event: CloudEvent
  /** Error of the last attempt. */
  cause: string
  attempts: number
  traceId?: string
  arrivedAt: string
  /** Time of the next automatic retry. Missing: the event is dead and waits for an operator. */
  nextAttemptAt?: string
  replayedAt?: string
  dismissedAt?: string
  /** The user id of the operator who replayed or dismissed the letter. */
  handledBy?: string
}
