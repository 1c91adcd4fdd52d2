import { Kysely, PostgresDialect, type PostgresPool, sql, type Transaction } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import { v7 as uuid } from 'uuid'
import type { OutboxMessage } from '../contract/event.ts'
import { Fault } from '../core/errors.ts'
import type { Log } from '../observability/log.ts'
import { watchPool } from '../observability/metrics.ts'
import { traceparent } from '../observability/telemetry.ts'
import type { MessagingTables } from './messaging-tables.ts'
import { PipelinedClient } from './pipelined-client.ts'
import { insertion } from './statement.ts'

/** An open transaction: rows to change, and events to publish only if the transaction commits. */
export type Tx<S> = {
  rows: Transaction<S & MessagingTables>
  emit(...events: OutboxMessage[]): void
}

export type Database<S> = {
  rows: Kysely<S & MessagingTables>
  /** Commits the changes and emitted events of `work` together, or nothing. */
  inTransaction<T>(work: (tx: Tx<S>) => Promise<T>): Promise<T>
  /** Adds a part in the transactions that emit events. */
  onEmit(listener: EmitListener): void
  /** @throws Fault when the database does not respond */
  ping(): Promise<void>
  close(): Promise<void>
}

/** An event as stored in the outbox. */
export type StoredEvent = {
  id: string
  topic: string
  data: unknown
  traceparent: string | null
  created_at: Date
}

export type EmitListener = {
  /**
   * Adds statements to a transaction that emits events; their results are not available (see `deferred`). Returns a
   * function that is called when the transaction has ended.
   */
  join?(rows: Transaction<MessagingTables>): Promise<((isCommitted: boolean) => void) | undefined>
  /** Called after each commit that emitted events. */
  committed(events: readonly StoredEvent[]): void
}

export type DatabaseOptions = {
  connectionString: string
  migrations: Record<string, Migration>
  log: Log
  /** Maximum connections: the limit of this process's load on the server. */
  poolSize?: number
  /** Milliseconds to wait for a free connection before a fault. */
  waitMs?: number
}

// bigint columns hold versions and minor units: exact up to 2^53, checked where computed
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/** Connects, waits up to 30 s for the server, and migrates under an advisory lock shared by all instances. */
export async function openDatabase<S>(options: DatabaseOptions): Promise<Database<S>> {
  const pool = new pg.Pool({
    Client: PipelinedClient,
    connectionString: options.connectionString,
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: options.waitMs ?? 5_000,
    // a connection is expensive (a server process, a login, plans): kept for the next peak, but not for ever
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: 1_800,
    statement_timeout: 10_000,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
  })
  pool.on('error', (err) => options.log.warn({ err }, 'an idle database connection was lost'))
  // a connection may break while checked out and idle, for example between a relay's claim and delete
  pool.on('connect', (client) =>
    client.on('error', (err) => options.log.warn({ err }, 'a database connection was lost')),
  )
  watchPool(() => ({
    used: pool.totalCount - pool.idleCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
    most: pool.options.max,
  }))
  const rows = new Kysely<S & MessagingTables>({
    dialect: new PostgresDialect({ pool: bounded(pool) }),
  })
  const listeners: EmitListener[] = []

  async function inTransaction<T>(work: (tx: Tx<S>) => Promise<T>): Promise<T> {
    const emitted: OutboxMessage[] = []
    const announcement = createAnnouncement(listeners)
    const transaction = rows.transaction().execute(async (transaction) => {
      const emit = (...events: OutboxMessage[]) => emitted.push(...events)
      const done = await work({ rows: transaction, emit })
      const outbox = transaction as unknown as Transaction<MessagingTables>
      if (emitted.length > 0) await announcement.store(outbox, emitted)
      // crash point: before the commit of ${emitted.map(({ topic }) => topic)}
      return done
    })
    const result = await transaction.catch(announcement.fail)
    // crash point: after the commit of ${emitted.map(({ topic }) => topic)}
    announcement.commit()
    return result
  }

  async function ping(): Promise<void> {
    try {
      await sql`select 1`.execute(rows)
    } catch (cause) {
      throw new Fault('unavailable', 'the database does not answer', { cause })
    }
  }

  await reachable(ping)
  await migrate(rows as unknown as Kysely<unknown>, options.migrations)
  return {
    rows,
    inTransaction,
    onEmit: (listener) => listeners.push(listener),
    ping,
    close: () => rows.destroy(),
  }
}

const uniqueViolation = '23505'

/** Returns whether a statement failed because a row with these values exists, according to the named constraint. */
export const isUniqueViolation = (error: unknown, constraint: string): boolean =>
  error instanceof pg.DatabaseError &&
  error.code === uniqueViolation &&
  error.constraint === constraint

const notNullViolation = '23502'

/**
 * Value of a `version` column in an update that must fail unless the row is at version `from`: null, which the column
 * refuses. So the update needs no answer, and may be `deferred`.
 */
export const versionFrom = (from: number, to: number) =>
  sql<number>`case version when ${from} then ${to}::integer end`

/** Returns whether an update failed because its row was not at the expected version (see `versionFrom`). */
export const isStale = (error: unknown): boolean => isNull(error, 'version')

/** Returns whether a statement failed because its value of a column that must not be null was null. */
export const isNull = (error: unknown, column: string): boolean =>
  error instanceof pg.DatabaseError && error.code === notNullViolation && error.column === column

/** Turns a time-out while waiting for a connection into a fault. */
const bounded = (pool: pg.Pool): PostgresPool => ({
  connect: () =>
    pool.connect().catch((cause: unknown) => {
      throw new Fault('unavailable', 'no connection to the database', { cause })
    }),
  end: () => pool.end(),
  options: pool.options,
})

/** What a transaction stores in the outbox, and passes to the listeners. */
function createAnnouncement(listeners: readonly EmitListener[]) {
  let stored: StoredEvent[] = []
  const ends: ((isCommitted: boolean) => void)[] = []
  return {
    async store(outbox: Transaction<MessagingTables>, emitted: readonly OutboxMessage[]) {
      stored = await store(outbox, emitted)
      for (const listener of listeners) {
        const end = await listener.join?.(outbox)
        if (end) ends.push(end)
      }
    },
    fail(error: unknown): never {
      for (const end of ends) end(false)
      throw error
    },
    commit() {
      for (const end of ends) end(true)
      if (stored.length > 0) for (const listener of listeners) listener.committed(stored)
    },
  }
}

async function store(
  rows: Transaction<MessagingTables>,
  events: readonly OutboxMessage[],
): Promise<StoredEvent[]> {
  const parent = traceparent() ?? null
  const created_at = new Date()
  const stored = events.map(({ topic, data }) => ({
    id: uuid(),
    topic,
    data,
    traceparent: parent,
    created_at,
  }))
  await insertOutbox(
    rows,
    stored.map((event) => ({ ...event, data: JSON.stringify(event.data) })),
  )
  return stored
}

const insertOutbox = insertion<MessagingTables>()('outbox', [
  'id',
  'topic',
  'data',
  'traceparent',
  'created_at',
])

async function reachable(ping: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; ) {
    try {
      return await ping()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

async function migrate(db: Kysely<unknown>, migrations: Record<string, Migration>): Promise<void> {
  const newer = await migrationsOfNewerVersions(db, migrations)
  const provider = { getMigrations: async () => ({ ...newer, ...migrations }) }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error) throw error
}

/**
 * Returns the names of applied migrations unknown to this version. During a rolling update an older instance may
 * start after a newer one has migrated. Migrations only add, so the older instance works with the tables; the
 * migrator must not report these migrations as missing.
 */
async function migrationsOfNewerVersions(
  db: Kysely<unknown>,
  known: Record<string, Migration>,
): Promise<Record<string, Migration>> {
  const { rows: tables } = await sql`select to_regclass('kysely_migration') as name`.execute(db)
  if (!(tables[0] as { name: string | null }).name) return {}
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  const unknown = rows.filter(({ name }) => !Object.hasOwn(known, name))
  return Object.fromEntries(unknown.map(({ name }) => [name, { up: async () => {} }]))
}
