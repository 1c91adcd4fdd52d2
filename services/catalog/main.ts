import { createRetryWorker } from '@sidecart/chassis/messaging/consumer-retry.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createOutboxRelay } from '@sidecart/chassis/messaging/outbox.ts'
import { createRetentionWorker } from '@sidecart/chassis/messaging/retention.ts'
import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { catalogHandlers, createCatalogApp } from './app.ts'
import { createProductCache } from './cache.ts'
import { catalogEvents } from './contract.ts'
import { migrations } from './migrations/index.ts'
import { seedProducts } from './seed.ts'
import { type CatalogTables, createCatalogStore } from './store.ts'

const service = await startService('catalog')
const { log, sidecar } = service
const connectionString = await sidecar.secret('catalog-database')
const database = await openDatabase<CatalogTables>({ connectionString, migrations, log })
service.onStop(database.close)

const store = createCatalogStore(database)
const added = await store.products.seed(seedProducts)
if (added > 0) log.info({ added }, 'products added')

const ports = {
  ...service,
  store,
  cache: createProductCache({ cache: sidecar.store('cache'), log }),
  inbox: createInbox(database),
  deadLetters: createDeadLetters(database),
  ready: database.ping,
}
const relay = createOutboxRelay({
  database,
  sidecar,
  source: 'catalog',
  events: catalogEvents,
  log,
})
const handlers = catalogHandlers(ports)
const retryWorker = createRetryWorker({ ...ports, name: 'catalog', handlers })
const retention = createRetentionWorker({ ...service, database })
service.listen(createCatalogApp(ports), [relay, retryWorker, retention])
