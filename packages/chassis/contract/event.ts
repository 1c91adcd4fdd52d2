import type { z } from 'zod'

/** An event on its way out: what the outbox stores. */
export type OutboxMessage = { topic: string; data: unknown }

/** A kind of event: its topic (also the CloudEvent `type`) and its schema. Call it to emit one. */
export type EventDefinition<S extends z.ZodType = z.ZodType> = {
  (data: z.input<S>): OutboxMessage
  readonly topic: string
  /** The service that publishes it: the only `source` that consumers take it from. */
  readonly owner: string
  readonly schema: S
}

const topicName = /^[a-z]+(-[a-z]+)+-v[1-9][0-9]*$/

/**
 * Declares an event. Use `z.object`, not `z.strictObject`: contracts grow by optional fields, and a consumer
 * that is older than the producer ignores those it does not know.
 *
 * @example
 * export const orders = { shipped: event('orders-shipped-v1', z.object({ orderId: z.uuid() })) }
 * tx.emit(orders.shipped({ orderId }))
 * @throws Error when the topic is not `<owner>-<past-tense-event>-v<n>` in lower case and hyphens
 */
export function defineEvent<S extends z.ZodType>(topic: string, schema: S): EventDefinition<S> {
  if (!topicName.test(topic))
    throw new Error(`topic "${topic}" is not <owner>-<past-tense-event>-v<n>`)
  const emit = (data: z.input<S>): OutboxMessage => ({ topic, data: schema.parse(data) })
  const [owner = ''] = topic.split('-')
  return Object.assign(emit, { topic, owner, schema })
}

/** An event as it travels: a CloudEvent 1.0 envelope. `id` is the outbox row's id and stays the same in every copy. */
export type CloudEvent = {
  id: string
  source: string
  type: string
  specversion: '1.0'
  datacontenttype: 'application/json'
  time?: string
  traceparent?: string
  data: unknown
}

/** An event that a service could not handle, kept with its cause until it is handled after all. */
export type DeadLetter = {
  id: string
  topic: string
  event: CloudEvent
  /** Why the last try failed. */
  cause: string
  attempts: number
  traceId?: string
  arrivedAt: string
  /** When it is tried again by itself. Missing: it is dead, and waits for an operator. */
  nextAttemptAt?: string
  replayedAt?: string
}
