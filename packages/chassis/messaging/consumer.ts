import { createHash } from 'node:crypto'
import { SpanKind } from '@opentelemetry/api'
import { z } from 'zod'
import type { CloudEvent, EventDefinition } from '../contract/event.ts'
import { fieldErrors } from '../contract/problem.ts'
import { Refusal, refused } from '../core/errors.ts'
import { withTimeout } from '../core/timeout.ts'
import type { Log } from '../observability/log.ts'
import { consumerSeconds, inboxOutcomes } from '../observability/metrics.ts'
import { inSpan, isActiveTrace } from '../observability/telemetry.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Inbox } from './inbox.ts'

/** A handler for one kind of event. */
export type Handler<T> = {
  event: EventDefinition
  handle(data: never, tx: T, event: CloudEvent): Promise<void>
}

/**
 * One row in a service's table of handlers.
 *
 * @example [on(orders.confirmed, (event, tx) => store.markSold(tx, event.orderId))]
 */
export const on = <S extends z.ZodType, T>(
  event: EventDefinition<S>,
  handle: (data: z.output<S>, tx: T, event: CloudEvent) => Promise<void>,
): Handler<T> => ({
  event: event as unknown as EventDefinition,
  handle: handle as Handler<T>['handle'],
})

export type ConsumerOptions<T> = {
  name: string
  handlers: readonly Handler<T>[]
  inbox: Inbox<T>
  deadLetters: DeadLetters
  log: Log
  /** Maximum attempts, and milliseconds before the second one, doubled before each further one up to `longestMs`. */
  tries?: { most: number; firstMs: number; longestMs: number }
  /** Milliseconds until a handler counts as failed; less than the sidecar's time-out. */
  timeoutMs?: number
}

/** Ten attempts in two and a half minutes. */
const usualTries = { most: 10, firstMs: 1_000, longestMs: 30_000 }
const usualTimeoutMs = 3_000

const Envelope = z.looseObject({
  id: z.string().min(1),
  source: z.string(),
  type: z.string(),
  traceparent: z.string().optional(),
  data: z.unknown(),
})

export type Consumer = {
  topics: readonly string[]
  /** @throws Refusal when the event can never be processed; any other error when a retry may succeed */
  consume(topic: string, raw: unknown): Promise<'applied' | 'duplicate'>
  /** Stores a failed event: for a retry, or as a dead letter after a refusal or too many attempts. */
  storeFailure(topic: string, raw: unknown, why: unknown, attempts: number): Promise<void>
}

/** Creates the consumer used for deliveries by the sidecar, for retries, and for replays by an operator. */
export function createConsumer<T>(options: ConsumerOptions<T>): Consumer {
  const { name, handlers, inbox, deadLetters, log } = options
  const { tries = usualTries, timeoutMs = usualTimeoutMs } = options
  const byTopic = new Map(handlers.map((handler) => [handler.event.topic, handler]))

  async function consume(topic: string, raw: unknown): Promise<'applied' | 'duplicate'> {
    const handler = byTopic.get(topic)
    if (!handler) throw refused('unknown-topic', `${name} does not handle ${topic}`)
    const envelope = Envelope.safeParse(raw)
    if (!envelope.success) throw malformed('envelope', envelope.error)
    refuseForeign(handler.event, envelope.data)
    const data = handler.event.schema.safeParse(envelope.data.data)
    if (!data.success) throw malformed('data', data.error)
    const event = raw as CloudEvent
    const work = (tx: T) => handler.handle(data.data as never, tx, event)
    const handled = () => withTimeout(timeoutMs, `handling ${topic}`, inbox.once(idOf(event), work))
    const span = {
      kind: SpanKind.CONSUMER,
      // a delivery by the sidecar is a span of the event's trace already; a retry and a replay are not
      parent: isActiveTrace(event.traceparent) ? undefined : event.traceparent,
      attributes: {
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.consumer.group.name': name,
        'messaging.message.id': idOf(event),
      },
    }
    const startedAt = performance.now()
    const observe = (outcome: string) =>
      consumerSeconds.observe({ topic, outcome }, (performance.now() - startedAt) / 1000)
    try {
      const outcome = await inSpan(`process ${topic}`, span, async () => {
        const result = await handled()
        log.info({ topic, eventId: idOf(event), outcome: result, ...aboutOf(data.data) }, 'event')
        return result
      })
      observe(outcome)
      inboxOutcomes.inc({ topic, outcome })
      return outcome
    } catch (error) {
      observe(error instanceof Refusal ? 'refused' : 'failed')
      throw error
    }
  }

  async function storeFailure(
    topic: string,
    raw: unknown,
    why: unknown,
    attempts: number,
  ): Promise<void> {
    const event = raw as CloudEvent
    const { traceparent }: { traceparent?: unknown } = event ?? {}
    const traceId = typeof traceparent === 'string' ? traceparent.split('-')[1] : undefined
    const cause = why instanceof Refusal ? `${why.code}: ${why.message}` : String(why)
    const isDead = why instanceof Refusal || attempts >= tries.most
    const againInMs = Math.min(tries.firstMs * 2 ** (attempts - 1), tries.longestMs)
    await deadLetters.keep({
      id: idOf(raw),
      topic,
      event,
      cause,
      attempts,
      ...(traceId && { traceId }),
      ...(!isDead && { againInMs }),
    })
    inboxOutcomes.inc({ topic, outcome: isDead ? 'dead-letter' : 'retry' })
    const about = { topic, eventId: event?.id, cause, attempts, traceId }
    if (isDead) log.error(about, 'dead letter')
    else log.warn({ ...about, againInMs }, 'an event could not be handled; it is tried again')
  }

  return { topics: [...byTopic.keys()], consume: consume, storeFailure }
}

/** The order that an event is about, for its line in the log. */
const aboutOf = (data: unknown): { orderId?: string } => {
  const { orderId } = (data ?? {}) as { orderId?: unknown }
  return typeof orderId === 'string' ? { orderId } : {}
}

/** Refuses an event not published by the topic's owner: forged, or published by mistake. */
function refuseForeign(
  { topic, owner }: EventDefinition,
  { source, type }: z.infer<typeof Envelope>,
): void {
  if (source !== owner)
    throw refused('foreign-event', `${topic} comes from ${owner}, and not from ${source}`)
  if (type !== topic) throw refused('foreign-event', `this is a ${type}, and no ${topic}`)
}

const malformed = (part: string, error: z.ZodError): Refusal =>
  refused(
    'malformed-event',
    `${part}: ${fieldErrors(error)
      .map(({ field, message }) => `${field}: ${message}`)
      .join('; ')}`,
  )

/**
 * Returns the event's id if valid in a path and in every store, otherwise a hash of the id or the content.
 * Redeliveries thus have the same id, and every dead letter can be replayed.
 */
export function idOf(raw: unknown): string {
  const { id } = (raw ?? {}) as { id?: unknown }
  if (typeof id === 'string' && plainId.test(id)) return id
  const text = typeof id === 'string' && id !== '' ? `id ${id}` : (JSON.stringify(raw) ?? '')
  return `sha256-${createHash('sha256').update(text).digest('hex')}`
}

/** Letters, digits and characters without URL escapes; no leading dot, and no `sha256-` prefix. */
const plainId = /^(?!sha256-)[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,199}$/
