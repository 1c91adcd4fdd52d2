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
import { deferred, PipelinedClient } from './pipelined-client.ts'

/** An open transaction: rows to change, and events to publish only if the transaction commits. */
export type Tx<S> = {
  rows: Transaction<S & MessagingTables>
  emit(...events: OutboxMessage[]): void
}

export type Database<S> = {
  rows: Kysely<S & MessagingTables>
  /** Commits the changes and emitted events of `work` together, or nothing. */
  inTransaction<T>(work: (tx: Tx<S>) => Promise<T>): Promise<T>
  /** Called after each commit that emitted events. */
  onAnnounced(listener: () => void): void
  /** @throws Fault when the database does not respond */
  ping(): Promise<void>
  close(): Promise<void>
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
  const listeners: (() => void)[] = []

  async function inTransaction<T>(work: (tx: Tx<S>) => Promise<T>): Promise<T> {
    const emitted: OutboxMessage[] = []
    const result = await rows.transaction().execute(async (transaction) => {
      const done = await work({
        rows: transaction,
        emit: (...events) => emitted.push(...events),
      })
      if (emitted.length > 0)
        await store(transaction as unknown as Transaction<MessagingTables>, emitted)
      // crash point: before the commit of ${emitted.map(({ topic }) => topic)}
      return done
    })
    // crash point: after the commit of ${emitted.map(({ topic }) => topic)}
    if (emitted.length > 0) for (const listener of listeners) listener()
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
    onAnnounced: (listener) => listeners.push(listener),
    ping,
    close: () => rows.destroy(),
  }
}

/** Turns a time-out while waiting for a connection into a fault. */
const bounded = (pool: pg.Pool): PostgresPool => ({
  connect: () =>
    pool.connect().catch((cause: unknown) => {
      throw new Fault('unavailable', 'no connection to the database', { cause })
    }),
  end: () => pool.end(),
  options: pool.options,
})

async function store(
  rows: Transaction<MessagingTables>,
  events: readonly OutboxMessage[],
): Promise<void> {
  const parent = traceparent() ?? null
  const entries = events.map(({ topic, data }) => ({
    id: uuid(),
    topic,
    data: JSON.stringify(data),
    traceparent: parent,
  }))
  await rows.insertInto('outbox').values(entries).modifyEnd(deferred).execute()
}

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
