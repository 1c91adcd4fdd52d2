import { sql, type Transaction } from 'kysely'
import type { CloudEvent } from '../contract/event.ts'
import { createWorker, type Worker } from '../core/worker.ts'
import type { Log } from '../observability/log.ts'
import { outboxFailures, outboxPublished, watchOutbox } from '../observability/metrics.ts'
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

  async function publishTopic(topic: string, events: readonly Row[]): Promise<string[]> {
    try {
      // crash point: before publishing
      const { failed } = await sidecar.publish(
        topic,
        events.map((event) => toCloudEvent(source, event)),
      )
      // crash point: after publishing
      outboxPublished.inc({ topic }, events.length - failed.length)
      outboxFailures.inc({ topic }, failed.length)
      return events.map(({ id }) => id).filter((id) => !failed.includes(id))
    } catch (err) {
      outboxFailures.inc({ topic }, events.length)
      log.warn(
        { err, topic, events: events.length },
        'the broker did not take events; they stay in the outbox',
      )
      return []
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
