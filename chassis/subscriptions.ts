import { createHash } from 'node:crypto'
import { SpanKind } from '@opentelemetry/api'
import { z } from 'zod'
import type { App } from './app.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { CloudEvent, Fact } from './fact.ts'
import type { Inbox } from './inbox.ts'
import type { Log } from './log.ts'
import { inboxOutcomes } from './metrics.ts'
import { fieldErrors } from './problem.ts'
import { Refusal, refused } from './refusal.ts'
import { inSpan } from './telemetry.ts'

/** What a service does when it hears a kind of fact. */
export type Handler<T> = {
  fact: Fact
  handle(data: never, tx: T, event: CloudEvent): Promise<void>
}

/**
 * A line in a service's table of handlers.
 *
 * @example [on(orders.confirmed, (fact, tx) => store.markSold(tx, fact.orderId))]
 */
export const on = <S extends z.ZodType, T>(
  fact: Fact<S>,
  handle: (data: z.output<S>, tx: T, event: CloudEvent) => Promise<void>,
): Handler<T> => ({ fact: fact as unknown as Fact, handle: handle as Handler<T>['handle'] })

export type SubscriptionOptions<T> = {
  name: string
  handlers: readonly Handler<T>[]
  inbox: Inbox<T>
  deadLetters: DeadLetters
  log: Log
}

const Envelope = z.looseObject({
  id: z.string().min(1),
  type: z.string(),
  traceparent: z.string().optional(),
  data: z.unknown(),
})
const rememberedFailures = 1_000

/**
 * Mounts `POST /events/<topic>` for every handler. The answers, as Dapr reads them: handled or already handled →
 * `SUCCESS`; malformed or refused → kept as a dead letter, `SUCCESS`; a fault → `RETRY`, until the sidecar
 * gives up and sends the event to `<name>-dead-letters-v1`, which is kept too.
 * Operators list and replay at `/<name>/dead-letters`; replay goes through the same handler and inbox.
 */
export function subscribe<T>(
  app: App,
  { name, handlers, inbox, deadLetters, log }: SubscriptionOptions<T>,
): void {
  const byTopic = new Map(handlers.map((handler) => [handler.fact.topic, handler]))
  const failures = new Map<string, { cause: string; attempts: number }>()

  /** @throws Refusal when the event can never be handled; anything else when it may be later */
  async function apply(topic: string, raw: unknown): Promise<'applied' | 'duplicate'> {
    const handler = byTopic.get(topic)
    if (!handler) throw refused('unknown-topic', `${name} does not handle ${topic}`)
    const envelope = Envelope.safeParse(raw)
    if (!envelope.success) throw malformed('envelope', envelope.error)
    const data = handler.fact.schema.safeParse(envelope.data.data)
    if (!data.success) throw malformed('data', data.error)
    const event = raw as CloudEvent
    const work = (tx: T) => handler.handle(data.data as never, tx, event)
    return inSpan(`hear ${topic}`, { kind: SpanKind.CONSUMER, parent: event.traceparent }, () =>
      inbox.once(event.id, work),
    )
  }

  async function keep(topic: string, raw: unknown, cause: string, attempts: number): Promise<void> {
    const event = raw as CloudEvent
    const traceId = event?.traceparent?.split('-')[1]
    log.error({ topic, eventId: event?.id, cause, attempts }, 'dead letter')
    inboxOutcomes.inc({ topic, outcome: 'dead-letter' })
    await deadLetters.keep({
      id: idOf(raw),
      topic,
      event,
      cause,
      attempts,
      ...(traceId && { traceId }),
    })
  }

  function failed(topic: string, id: string, error: unknown): void {
    const attempts = (failures.get(id)?.attempts ?? 0) + 1
    if (failures.size >= rememberedFailures) failures.delete(failures.keys().next().value as string)
    failures.set(id, { cause: String(error), attempts })
    inboxOutcomes.inc({ topic, outcome: 'retry' })
    log.warn(
      { err: error, topic, eventId: id, attempts },
      'a fact could not be handled; it will come again',
    )
  }

  for (const topic of byTopic.keys()) {
    app.post(`/events/${topic}`, async (c) => {
      const raw: unknown = await c.req.json().catch(() => undefined)
      try {
        inboxOutcomes.inc({ topic, outcome: await apply(topic, raw) })
      } catch (error) {
        if (!(error instanceof Refusal)) {
          failed(topic, idOf(raw), error)
          return c.json({ status: 'RETRY' })
        }
        await keep(topic, raw, `${error.code}: ${error.message}`, 1)
      }
      failures.delete(idOf(raw))
      return c.json({ status: 'SUCCESS' })
    })
  }

  app.post(`/events/${name}-dead-letters-v1`, async (c) => {
    const raw: unknown = await c.req.json().catch(() => undefined)
    const { cause, attempts } = failures.get(idOf(raw)) ?? {
      cause: 'gave up after retries; see the log of the trace',
      attempts: 0,
    }
    await keep((raw as CloudEvent)?.type ?? 'unknown', raw, cause, attempts)
    return c.json({ status: 'SUCCESS' })
  })

  app.get(`/${name}/dead-letters`, async (c) =>
    c.json({ deadLetters: await deadLetters.list(500) }),
  )

  app.post(`/${name}/dead-letters/:id/replay`, async (c) => {
    const letter = await deadLetters.find(c.req.param('id'))
    if (!letter) throw refused('not-found', 'No such dead letter.')
    const outcome = await apply(letter.topic, letter.event)
    await deadLetters.markReplayed(letter.id)
    return c.json({ id: letter.id, topic: letter.topic, outcome })
  })
}

const malformed = (part: string, error: z.ZodError): Refusal =>
  refused(
    'malformed-event',
    `${part}: ${fieldErrors(error)
      .map(({ field, message }) => `${field}: ${message}`)
      .join('; ')}`,
  )

/** The event's own id, or one made of its content when it has none, so that a redelivery is recognised. */
const idOf = (raw: unknown): string =>
  (raw as CloudEvent | undefined)?.id ??
  `sha256:${createHash('sha256')
    .update(JSON.stringify(raw) ?? '')
    .digest('hex')}`
