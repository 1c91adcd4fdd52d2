import { sql, type Transaction } from 'kysely'
import type { CloudEvent } from '../contract/event.ts'
import { createWorker, type Worker } from '../core/worker.ts'
import type { Log } from '../observability/log.ts'
import { outboxFailures, outboxPublished, watchOutbox } from '../observability/metrics.ts'
import type { Database } from '../persistence/database.ts'
import type { MessagingTables } from '../persistence/messaging-tables.ts'
import { unanswered } from '../persistence/pipelined-client.ts'
import type { Transport } from '../sidecar/sidecar.ts'

export type OutboxRelayOptions = {
  database: Database<unknown>
  transport: Transport
  /** The service that says the facts: the CloudEvent `source`. */
  source: string
  log: Log
  /** Facts per round. */
  batch?: number
  /** Milliseconds between looks for facts that another instance left behind. */
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
 * Moves facts from the outbox to the broker: claims the oldest rows that no other instance holds, publishes
 * them in bulk per topic, and deletes what was accepted, in one transaction. A crash between publish and
 * commit publishes again with the same id, which the inbox (and some brokers) recognise.
 * At-least-once; in order per topic unless two instances relay at the same time.
 */
export function createOutboxRelay({
  database,
  transport,
  source,
  log,
  batch = 100,
  pollMs = 2_000,
}: OutboxRelayOptions): Worker {
  async function relayOnce(): Promise<boolean> {
    const { claimed, accepted } = await database.inTransaction(async ({ rows }) => {
      const facts = await claim(rows, batch)
      const ids = await publishAll(facts)
      if (ids.length > 0) {
        await rows.deleteFrom('outbox').where('id', 'in', ids).modifyEnd(unanswered).execute()
        // crash point: published facts deleted
      }
      return { claimed: facts.length, accepted: ids.length }
    })
    if (accepted < claimed)
      throw new Error(`${claimed - accepted} of ${claimed} facts were not accepted`)
    return claimed === batch
  }

  async function publishAll(facts: readonly Row[]): Promise<string[]> {
    const topics = Map.groupBy(facts, ({ topic }) => topic)
    const accepted = await Promise.all(
      [...topics].map(([topic, some]) => publishTopic(topic, some)),
    )
    return accepted.flat()
  }

  async function publishTopic(topic: string, facts: readonly Row[]): Promise<string[]> {
    try {
      // crash point: before publishing
      const { failed } = await transport.publish(
        topic,
        facts.map((fact) => toCloudEvent(source, fact)),
      )
      // crash point: after publishing
      outboxPublished.inc({ topic }, facts.length - failed.length)
      outboxFailures.inc({ topic }, failed.length)
      return facts.map(({ id }) => id).filter((id) => !failed.includes(id))
    } catch (err) {
      outboxFailures.inc({ topic }, facts.length)
      log.warn(
        { err, topic, facts: facts.length },
        'the broker did not take facts; they stay in the outbox',
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

const toCloudEvent = (source: string, fact: Row): CloudEvent => ({
  id: fact.id,
  source,
  type: fact.topic,
  specversion: '1.0',
  datacontenttype: 'application/json',
  time: fact.created_at.toISOString(),
  ...(fact.traceparent && { traceparent: fact.traceparent }),
  data: fact.data,
})

/** Facts that wait, and the age of the oldest in seconds. */
export async function outboxBacklog(
  database: Database<unknown>,
): Promise<{ depth: number; oldestSeconds: number }> {
  const { rows } = await sql<{ depth: number; oldest: number | null }>`
    select count(*) as depth, extract(epoch from now() - min(created_at))::float as oldest from outbox`.execute(
    database.rows,
  )
  return { depth: rows[0]?.depth ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 }
}
