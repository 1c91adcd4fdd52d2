import {
  createNewestMessagingTables,
  type MessagingTables,
} from '@sidecart/chassis/persistence/messaging-tables.ts'
import { type Generated, Kysely, PostgresDialect, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import pg from 'pg'

type Line = {
  at: Generated<number>
  event_id: string
  topic: string
  instance: string
  key: string
  n: number
}

/**
 * The journal of an app: every delivery at once, every processed event in the transaction of the
 * inbox.
 */
export type JournalTables = { attempts: Line; received: Line }

export const migrations: Record<string, Migration> = {
  '001-initial': {
    async up(db) {
      await createNewestMessagingTables(db)
      for (const table of ['attempts', 'received'])
        await db.schema
          .createTable(table)
          .addColumn('at', 'serial', (column) => column.primaryKey())
          .addColumn('event_id', 'text', (column) => column.notNull())
          .addColumn('topic', 'text', (column) => column.notNull())
          .addColumn('instance', 'text', (column) => column.notNull())
          .addColumn('key', 'text', (column) => column.notNull())
          .addColumn('n', 'integer', (column) => column.notNull())
          .execute()
    },
  },
}

export type Journal = {
  /** Processed events in sequence, optionally of one key. */
  received(key?: string): Promise<Omit<Line, 'at'>[]>
  attempts(key: string): Promise<Omit<Line, 'at'>[]>
  deadLetters(): Promise<{ id: string; topic: string; cause: string; attempts: number }[]>
  close(): Promise<void>
}

/** Reads and writes of a handler outside its transaction, over separate connections. */
export type Notebook = {
  /** Returns the number of deliveries of the event so far. */
  attempt(line: Omit<Line, 'at'>): Promise<number>
  close(): Promise<void>
}

export function openNotebook(connectionString: string): Notebook {
  const pool = new pg.Pool({ connectionString, max: 5 })
  const db = new Kysely<JournalTables>({ dialect: new PostgresDialect({ pool }) })
  return {
    async attempt(line) {
      await db.insertInto('attempts').values(line).execute()
      const { event_id } = line
      return (
        await db.selectFrom('attempts').select('at').where('event_id', '=', event_id).execute()
      ).length
    },
    close: () => db.destroy(),
  }
}

/** Opens the journal of an app. The app creates the tables at its start. */
export function openJournal(connectionString: string): Journal {
  const pool = new pg.Pool({ connectionString, max: 2 })
  const db = new Kysely<JournalTables & MessagingTables>({ dialect: new PostgresDialect({ pool }) })
  const lines = (table: 'received' | 'attempts', key?: string) =>
    db
      .selectFrom(table)
      .selectAll()
      .where(sql<boolean>`${key ?? null}::text is null or key = ${key ?? null}`)
      .orderBy('at')
      .execute() as unknown as Promise<Line[]>
  return {
    received: (key) => lines('received', key) as never,
    attempts: (key) => lines('attempts', key) as never,
    deadLetters: () =>
      db.selectFrom('dead_letters').select(['id', 'topic', 'cause', 'attempts']).execute(),
    close: () => db.destroy(),
  }
}
