import { SpanKind } from '@opentelemetry/api'
import { sql, type Transaction } from 'kysely'
import type { CloudEvent } from '../contract/event.ts'
import { Fault } from '../core/errors.ts'
import { createWorker, type Worker } from '../core/worker.ts'
import type { Log } from '../observability/log.ts'
import { outboxFailures, outboxPublished, watchOutbox } from '../observability/metrics.ts'
import { startSpan } from '../observability/telemetry.ts'
import type { Database } from '../persistence/database.ts'
import type { MessagingTables } from '../persistence/messaging-tables.ts'
import { deferred } from '../persistence/pipelined-client.ts'
import type { Sidecar } from '../sidecar/sidecar.ts'

export type OutboxRelayOptions = {
  database: Database<unknown>
  sidecar: Sidecar
  /** The publishing service: the CloudEvent `source`. */
  source: string
  log: Log
  /** Events per round. */
  batch?: number
  /** Milliseconds between polls for events left behind by another instance. */
  pollMs?: number
}

type Row = {
  id: string
  topic: string
  data: unknown
  traceparent: string | null
  created_at: Date
}

/**
 * Creates the relay from the outbox to the broker. In one transaction: claims the oldest rows not locked by another
 * instance, publishes in bulk per topic, and deletes the accepted rows. After a crash between publish and commit the
 * same ids are published again, and the inbox (and some brokers) drop the duplicates. At-least-once; in order per
 * topic unless two instances relay at the same time.
 */
export function createOutboxRelay({
  database,
  sidecar,
  source,
  log,
  batch = 100,
  pollMs = 2_000,
}: OutboxRelayOptions): Worker {
  async function relayOnce(): Promise<boolean> {
    const { claimed, accepted } = await database.inTransaction(async ({ rows }) => {
      const events = await claim(rows, batch)
      const ids = await publishAll(events)
      if (ids.length > 0) {
        await rows.deleteFrom('outbox').where('id', 'in', ids).modifyEnd(deferred).execute()
        // crash point: published events deleted
      }
      return { claimed: events.length, accepted: ids.length }
    })
    if (accepted < claimed)
      throw new Error(`${claimed - accepted} of ${claimed} events were not accepted`)
    return claimed === batch
  }

  async function publishAll(events: readonly Row[]): Promise<string[]> {
    const topics = Map.groupBy(events, ({ topic }) => topic)
    const accepted = await Promise.all(
      [...topics].map(([topic, some]) => publishTopic(topic, some)),
    )
    return accepted.flat()
  }

  async function publishTopic(topic: string, rows: readonly Row[]): Promise<string[]> {
    const spans = new Map(rows.map((row) => [row.id, startSend(row)]))
    // an event continues the trace at its span here, so that the time in the outbox can be seen
    const events = rows.map((row) => ({
      ...row,
      traceparent: spans.get(row.id)?.traceparent ?? row.traceparent,
    }))
    try {
      // crash point: before publishing
      const { failed } = await sidecar.publish(
        topic,
        events.map((event) => toCloudEvent(source, event)),
      )
      // crash point: after publishing
      outboxPublished.inc({ topic }, events.length - failed.length)
      outboxFailures.inc({ topic }, failed.length)
      for (const id of failed) spans.get(id)?.end(notAccepted)
      return events.map(({ id }) => id).filter((id) => !failed.includes(id))
    } catch (err) {
      outboxFailures.inc({ topic }, events.length)
      for (const { id } of events) spans.get(id)?.end(err)
      log.warn(
        { err, topic, events: events.length },
        'the broker did not take events; they stay in the outbox',
      )
      return []
    } finally {
      for (const span of spans.values()) span?.end()
    }
  }

  const worker = createWorker({ name: 'outbox relay', log, pollMs, work: relayOnce })
  database.onAnnounced(worker.wake)
  watchOutbox(() => outboxBacklog(database))
  return worker
}

function claim(rows: Transaction<MessagingTables>, batch: number): Promise<Row[]> {
  return rows
    .selectFrom('outbox')
    .selectAll()
    .orderBy('id')
    .limit(batch)
    .forUpdate()
    .skipLocked()
    .execute()
}

const notAccepted = new Fault('not-accepted', 'The broker did not accept the event.')

/** Starts the span of sending an event, in the trace of the request that emitted the event. */
function startSend({ id, topic, traceparent }: Row) {
  if (!traceparent) return undefined
  return startSpan(`send ${topic}`, {
    kind: SpanKind.PRODUCER,
    parent: traceparent,
    attributes: {
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': topic,
      'messaging.message.id': id,
    },
  })
}

const toCloudEvent = (source: string, event: Row): CloudEvent => ({
  id: event.id,
  source,
  type: event.topic,
  specversion: '1.0',
  datacontenttype: 'application/json',
  time: event.created_at.toISOString(),
  ...(event.traceparent && { traceparent: event.traceparent }),
  data: event.data,
})

/** Returns the number of waiting events, and the age of the oldest in seconds. */
export async function outboxBacklog(
  database: Database<unknown>,
): Promise<{ depth: number; oldestSeconds: number }> {
  const { rows } = await sql<{ depth: number; oldest: number | null }>`
    select count(*) as depth, extract(epoch from now() - min(created_at))::float as oldest from outbox`.execute(
    database.rows,
  )
  return { depth: rows[0]?.depth ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 }
}
