import { setImmediate } from 'node:timers/promises'
import { SpanKind } from '@opentelemetry/api'
import { sql, type Transaction } from 'kysely'
import type { CloudEvent, EventDefinition } from '../contract/event.ts'
import { Fault } from '../core/errors.ts'
import { createWorker, type Worker } from '../core/worker.ts'
import type { Log } from '../observability/log.ts'
import { outboxFailures, outboxPublished, watchOutbox } from '../observability/metrics.ts'
import { startSpan } from '../observability/telemetry.ts'
import type { Database, StoredEvent } from '../persistence/database.ts'
import type { MessagingTables } from '../persistence/messaging-tables.ts'
import { deferred, early } from '../persistence/pipelined-client.ts'
import { statement, type Values } from '../persistence/statement.ts'
import type { Sidecar } from '../sidecar/sidecar.ts'

export type OutboxRelayOptions = {
  database: Database<unknown>
  sidecar: Sidecar
  /** The publishing service: the CloudEvent `source`. */
  source: string
  /** The events that the service publishes, with their partition keys. */
  events: Record<string, EventDefinition>
  log: Log
  /** Events per round. */
  batch?: number
  /** Milliseconds between polls for events left behind by another instance. */
  pollMs?: number
  /** Milliseconds for which a published event stays in the outbox when no transaction comes along that deletes it. */
  deleteMs?: number
}

/** Milliseconds before other instances publish the events of an instance: by then it has published them, or is gone. */
const ownMs = 1_000
/** Maximum committed events kept in memory for the next round; beyond it they are read from the outbox. */
const mostFresh = 1_000

/**
 * Creates the relay from the outbox to the broker: publishes in bulk per topic, and deletes the accepted rows.
 *
 * - Events of this process are published from memory as soon as they are committed. Their rows are deleted by a later
 *   transaction that emits events, so that this takes neither a round trip nor a commit of its own.
 * - Events left behind (by a process that died, or because the broker did not take them) are claimed in one transaction:
 *   the oldest rows not locked by another instance, published and deleted.
 *
 * After a crash before the deletion the same ids are published again, and the inbox (and some brokers) drop the
 * duplicates. At-least-once; in order per topic unless two instances relay at the same time.
 */
export function createOutboxRelay({
  database,
  sidecar,
  source,
  events: definitions,
  log,
  batch = 100,
  pollMs = 2_000,
  deleteMs = 250,
}: OutboxRelayOptions): Worker {
  const keys = new Map(Object.values(definitions).map(({ topic, key }) => [topic, key]))
  let isRunning = false
  /** Whether events may have been left behind that must be published before those in memory. */
  let isBehind = true
  let fresh: StoredEvent[] = []
  /** Published events whose rows are still there. */
  const published: string[] = []
  let deletion: NodeJS.Timeout | undefined
  let polledAt = Number.NEGATIVE_INFINITY

  async function relayOnce(): Promise<boolean> {
    // the commits of this turn of the event loop come first: their events may be older
    await setImmediate()
    if (isBehind || performance.now() - polledAt >= pollMs) await relayStored()
    return isBehind || (fresh.length > 0 && (await relayFresh()))
  }

  async function relayFresh(): Promise<boolean> {
    const events = fresh.toSorted(byId).slice(0, batch)
    const taken = new Set(events)
    fresh = fresh.filter((event) => !taken.has(event))
    const ids = await publishAll(events)
    keepPublished(ids)
    refuseRest(events.length, ids.length)
    return fresh.length > 0
  }

  async function relayStored(): Promise<void> {
    polledAt = performance.now()
    const until = isBehind ? undefined : new Date(Date.now() - ownMs)
    isBehind = false
    try {
      await deletePublished()
      const { claimed, accepted } = await database.inTransaction(({ rows }) =>
        relayClaimed(rows, until),
      )
      if (claimed === batch) isBehind = true
      refuseRest(claimed, accepted)
    } catch (error) {
      isBehind = true
      throw error
    }
  }

  async function relayClaimed(rows: Transaction<MessagingTables>, until: Date | undefined) {
    if (until && (await hasOlder(rows, { until })).rows.length === 0)
      return { claimed: 0, accepted: 0 }
    const events = await claim(rows, batch, until)
    const known = new Set(events.map(({ id }) => id))
    fresh = fresh.filter(({ id }) => !known.has(id))
    const ids = await publishAll(events)
    if (ids.length > 0) await deleteEvents(rows, { ids })
    return { claimed: events.length, accepted: ids.length }
  }

  /** Deletes now what no transaction has deleted. */
  async function deletePublished(): Promise<void> {
    const ids = takePublished()
    if (ids.length === 0) return
    await deleteEvents(database.rows, { ids }).catch((err: unknown) => {
      keepPublished(ids)
      throw err
    })
  }

  function takePublished(): string[] {
    clearTimeout(deletion)
    deletion = undefined
    return published.splice(0)
  }

  function keepPublished(ids: readonly string[]): void {
    published.push(...ids)
    deletion ??= setTimeout(() => deletePublished().catch(warn), deleteMs).unref()
  }

  const warn = (err: unknown) => log.warn({ err }, 'published events are still in the outbox')

  function refuseRest(claimed: number, accepted: number): void {
    if (accepted === claimed) return
    isBehind = true
    throw new Error(`${claimed - accepted} of ${claimed} events were not accepted`)
  }

  async function publishAll(events: readonly StoredEvent[]): Promise<string[]> {
    const topics = Map.groupBy(events, ({ topic }) => topic)
    const accepted = await Promise.all(
      [...topics].map(([topic, some]) => publishTopic(topic, some)),
    )
    return accepted.flat()
  }

  async function publishTopic(topic: string, rows: readonly StoredEvent[]): Promise<string[]> {
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
        events.map((event) => toCloudEvent(source, event, keys.get(topic))),
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
  database.onEmit({
    async join(rows) {
      const ids = takePublished()
      if (ids.length === 0) return undefined
      const end = (isCommitted: boolean) => {
        if (!isCommitted) keepPublished(ids)
      }
      await deleteEvents(rows, { ids }).catch((error: unknown) => {
        end(false)
        throw error
      })
      // crash point: published events deleted
      return end
    },
    committed(events) {
      if (!isRunning) return
      fresh.push(...events)
      if (fresh.length > mostFresh) {
        fresh = []
        isBehind = true
      }
      worker.wake()
    },
  })
  watchOutbox(() => outboxBacklog(database))
  return {
    ...worker,
    start: () => {
      isRunning = true
      worker.start()
    },
    stop: async () => {
      isRunning = false
      await worker.stop()
      await deletePublished().catch(warn)
    },
  }
}

const byId = (one: StoredEvent, other: StoredEvent): number => (one.id < other.id ? -1 : 1)

const hasOlder = statement<MessagingTables>()((db, value: Values<{ until: Date }>) =>
  db
    .selectFrom('outbox')
    .select('id')
    .where('created_at', '<=', value('until'))
    .limit(1)
    .modifyEnd(early),
)

const deleteEvents = statement<MessagingTables>()((db, value: Values<{ ids: readonly string[] }>) =>
  db
    .deleteFrom('outbox')
    .where(sql<boolean>`id = any(${value('ids')}::uuid[])`)
    .modifyEnd(deferred),
)

/** @param until claims older events only */
function claim(
  rows: Transaction<MessagingTables>,
  batch: number,
  until: Date | undefined,
): Promise<StoredEvent[]> {
  return rows
    .selectFrom('outbox')
    .selectAll()
    .$if(until !== undefined, (query) => query.where('created_at', '<=', until as Date))
    .orderBy('id')
    .limit(batch)
    .forUpdate()
    .skipLocked()
    .execute()
}

const notAccepted = new Fault('not-accepted', 'The broker did not accept the event.')

/** Starts the span of sending an event, in the trace of the request that emitted the event. */
function startSend({ id, topic, traceparent }: StoredEvent) {
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

function toCloudEvent(source: string, event: StoredEvent, key: string | undefined): CloudEvent {
  const partitionkey = key && (event.data as Record<string, unknown>)[key]
  return {
    id: event.id,
    source,
    type: event.topic,
    specversion: '1.0',
    datacontenttype: 'application/json',
    time: event.created_at.toISOString(),
    ...(event.traceparent && { traceparent: event.traceparent }),
    ...(typeof partitionkey === 'string' && { partitionkey }),
    data: event.data,
  }
}

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
