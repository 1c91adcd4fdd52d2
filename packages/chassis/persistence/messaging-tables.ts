import { type Generated, type Kysely, sql } from 'kysely'

/** Tables of every service with a database: outbox, inbox, dead letters. */
export type MessagingTables = {
  outbox: {
    id: string
    topic: string
    data: string
    traceparent: string | null
    created_at: Generated<Date>
  }
  inbox: { event_id: string; processed_at: Generated<Date> }
  dead_letters: {
    id: string
    topic: string
    event: string
    cause: string
    attempts: number
    trace_id: string | null
    arrived_at: Generated<Date>
    next_attempt_at: Date | null
    replayed_at: Date | null
    dismissed_at: Date | null
    /** The operator who replayed or dismissed the letter. */
    handled_by: string | null
  }
  /** Of services that receive events: how many rows of a table were deleted because of their age. */
  pruned: { table_name: string; rows: number; until: Date }
}

/** For a service's first migration. */
export async function createMessagingTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('outbox')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('topic', 'text', (column) => column.notNull())
    .addColumn('data', 'json', (column) => column.notNull())
    .addColumn('traceparent', 'text')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute()
  await db.schema
    .createTable('inbox')
    .addColumn('event_id', 'text', (column) => column.primaryKey())
    .addColumn('heard_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute()
  await db.schema
    .createTable('dead_letters')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('topic', 'text', (column) => column.notNull())
    .addColumn('event', 'json', (column) => column.notNull())
    .addColumn('cause', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('trace_id', 'text')
    .addColumn('arrived_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('replayed_at', 'timestamptz')
    .execute()
}

/** For a later migration of a consuming service: failed events get a time for the next retry. */
export async function addNextAttempts(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('dead_letters').addColumn('next_attempt_at', 'timestamptz').execute()
  await db.schema
    .createIndex('dead_letters_due')
    .on('dead_letters')
    .column('next_attempt_at')
    .where(sql.ref('next_attempt_at'), 'is not', null)
    .execute()
}

/** For a later migration: renames the column to the glossary's term. */
export async function renameHeardAt(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('inbox').renameColumn('heard_at', 'processed_at').execute()
}

/** For a later migration of a service that receives events: dismissed letters are kept, with the operator. */
export async function addHandledBy(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('dead_letters')
    .addColumn('dismissed_at', 'timestamptz')
    .addColumn('handled_by', 'uuid')
    .execute()
}

/** For a later migration of a service that receives events: old rows are deleted, and counted. */
export async function addPruned(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('pruned')
    .addColumn('table_name', 'text', (column) => column.primaryKey())
    .addColumn('rows', 'bigint', (column) => column.notNull())
    .addColumn('until', 'timestamptz', (column) => column.notNull())
    .execute()
  await sql`create index inbox_processed_at on inbox using brin (processed_at) with (autosummarize = on)`.execute(
    db,
  )
}

/**
 * All tables as the newest migrations leave them, for a database that is always new, as in a test. A service lists the
 * steps instead: its databases have run some of them.
 */
export async function createNewestMessagingTables(db: Kysely<unknown>): Promise<void> {
  const steps = [createMessagingTables, addNextAttempts, renameHeardAt, addHandledBy, addPruned]
  for (const step of steps) await step(db)
}
