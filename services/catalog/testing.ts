import type { Worker } from '@sidecart/chassis/core/worker.ts'
import type { App } from '@sidecart/chassis/http/app.ts'
import { createRetryWorker } from '@sidecart/chassis/messaging/consumer-retry.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { createMemorySidecar } from '@sidecart/testing/memory-sidecar.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { catalogHandlers, createCatalogApp } from './app.ts'
import { createProductCache } from './cache.ts'
import { migrations } from './migrations/index.ts'
import type { SeedProduct } from './seed.ts'
import { type CatalogStore, type CatalogTables, createCatalogStore } from './store.ts'

/** The service under test: the HTTP app and the database rows. */
export type TestCatalog = {
  app: App
  /** Not started: retries events whose handling timed out. */
  retryWorker: Worker
  store: CatalogStore
  database: Database<CatalogTables>
  tokens: TestTokens
  /** Events in the outbox, oldest first. */
  emitted(topic: string): Promise<{ sku?: string }[]>
  close(): Promise<void>
}

export async function openTestCatalog(connectionString: string): Promise<TestCatalog> {
  const log = createLog('catalog', process.env.TEST_LOG ?? 'silent')
  const database = await openDatabase<CatalogTables>({
    connectionString,
    migrations,
    log,
    poolSize: 50,
  })
  const store = createCatalogStore(database)
  const tokens = await testTokens()
  const { verify } = tokens
  const inbox = createInbox(database)
  const deadLetters = createDeadLetters(database)
  const cache = createProductCache({ cache: createMemorySidecar().store('cache'), log })
  const ports = { store, cache, inbox, deadLetters, verify, log }
  const handlers = catalogHandlers(ports)
  return {
    app: createCatalogApp(ports),
    retryWorker: createRetryWorker({ ...ports, name: 'catalog', handlers, pollMs: 20 }),
    store,
    database,
    tokens,
    async emitted(topic) {
      const events = await database.rows
        .selectFrom('outbox')
        .select('data')
        .where('topic', '=', topic)
        .orderBy('id')
        .execute()
      return events.map(({ data }) => data as { sku?: string })
    },
    close: () => database.close(),
  }
}

/** A product for a test, with defaults for irrelevant fields. */
export const product = (sku: string, given: Partial<SeedProduct> = {}): SeedProduct => ({
  sku,
  name: sku.toLowerCase(),
  description: 'A thing.',
  category: 'kitchen',
  price: 1000,
  shape: 'mug',
  palette: 'harbour',
  stock: 10,
  lowStockAt: 0,
  ...given,
})
