import { openDatabase } from '../../chassis/database.ts'
import { createDeadLetters } from '../../chassis/dead-letters.ts'
import { createInbox } from '../../chassis/inbox.ts'
import { createRelay } from '../../chassis/outbox.ts'
import { startService } from '../../chassis/service.ts'
import { createCatalogApp } from './app.ts'
import { migrations } from './migrations/index.ts'
import { seedProducts } from './seed.ts'
import { type CatalogTables, createStore } from './store.ts'

const service = await startService('catalog')
const { log, transport } = service
const connectionString = await transport.secret('catalog-database')
const database = await openDatabase<CatalogTables>({ connectionString, migrations, log })
service.onStop(database.close)

const store = createStore(database)
const added = await store.products.seed(seedProducts)
if (added > 0) log.info({ added }, 'products added')

const app = createCatalogApp({
  ...service,
  store,
  inbox: createInbox(database),
  deadLetters: createDeadLetters(database),
  ready: database.ping,
})
service.listen(app, [createRelay({ database, transport, source: 'catalog', log })])
