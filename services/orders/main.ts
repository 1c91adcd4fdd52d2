import { openDatabase } from '../../chassis/database.ts'
import { createDeadLetters } from '../../chassis/dead-letters.ts'
import { createInbox } from '../../chassis/inbox.ts'
import { createRelay } from '../../chassis/outbox.ts'
import { createSecondTries } from '../../chassis/second-tries.ts'
import { startService } from '../../chassis/service.ts'
import { createOrdersApp, ordersHandlers } from './app.ts'
import { createCatalogClient, createPaymentsClient } from './clients.ts'
import { migrations } from './migrations/index.ts'
import { createDriver } from './saga.ts'
import { createOrderStore, type OrdersTables } from './store.ts'

const service = await startService('orders')
const { transport, log } = service
const database = await openDatabase<OrdersTables>({
  connectionString: await transport.secret('orders-database'),
  migrations,
  log,
})
service.onStop(database.close)

const store = createOrderStore(database)
const catalog = createCatalogClient(transport)
const driver = createDriver({ store, catalog, payments: createPaymentsClient(transport), log })
const relay = createRelay({ database, transport, source: 'orders', log })
const ports = {
  ...service,
  store,
  catalog,
  driver,
  inbox: createInbox(database),
  deadLetters: createDeadLetters(database),
  ready: database.ping,
}
const secondTries = createSecondTries({
  ...ports,
  name: 'orders',
  handlers: ordersHandlers(ports),
})
service.listen(createOrdersApp(ports), [relay, driver, secondTries])
