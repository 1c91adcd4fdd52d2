import { readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { createRetryWorker } from '@sidecart/chassis/messaging/consumer-retry.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createOutboxRelay } from '@sidecart/chassis/messaging/outbox.ts'
import { createRetentionWorker } from '@sidecart/chassis/messaging/retention.ts'
import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { ShipsTo } from '@sidecart/users/contract.ts'
import { z } from 'zod'
import { createAdmission } from './admission.ts'
import { createOrdersApp, ordersHandlers } from './app.ts'
import { createCatalogClient, createPaymentsClient, createUsersClient } from './clients.ts'
import { orderEvents } from './contract.ts'
import { watchSagas } from './metrics.ts'
import { migrations } from './migrations/index.ts'
import { createSagaRunner } from './saga.ts'
import { createOverview } from './store/overview.ts'
import { createOrderStore, type OrdersTables } from './store.ts'

const env = readEnvironment({
  /** Maximum unfinished orders in all instances; further ones get 503. */
  MAX_ORDERS_UNDER_WAY: z.coerce.number().int().min(1).default(500),
  /** Maximum unfinished orders per customer; further ones get 429. */
  MAX_ORDERS_UNDER_WAY_PER_CUSTOMER: z.coerce.number().int().min(1).default(100),
  /** Days after the delivery for requesting a return. */
  RETURN_DAYS: z.coerce.number().int().min(0).max(3_650).default(30),
  SHIPS_TO: ShipsTo,
})
const service = await startService('orders')
const { sidecar, log } = service
const database = await openDatabase<OrdersTables>({
  connectionString: await sidecar.secret('orders-database'),
  migrations,
  log,
})
service.onStop(database.close)

const store = createOrderStore(database)
const overview = createOverview(database)
watchSagas(overview.openByStatus)
const catalog = createCatalogClient(sidecar)
const driver = createSagaRunner({ store, catalog, payments: createPaymentsClient(sidecar), log })
const relay = createOutboxRelay({ database, sidecar, source: 'orders', events: orderEvents, log })
const ports = {
  ...service,
  store,
  overview,
  catalog,
  driver,
  backlog: createAdmission({
    underWay: store.underWay,
    most: env.MAX_ORDERS_UNDER_WAY,
    mostPerCustomer: env.MAX_ORDERS_UNDER_WAY_PER_CUSTOMER,
  }),
  shipsTo: env.SHIPS_TO,
  users: createUsersClient(sidecar),
  inbox: createInbox(database),
  deadLetters: createDeadLetters(database),
  returnDays: env.RETURN_DAYS,
  ready: database.ping,
}
const retryWorker = createRetryWorker({
  ...ports,
  name: 'orders',
  handlers: ordersHandlers(ports),
})
const retention = createRetentionWorker({ ...service, database })
service.listen(createOrdersApp(ports), [relay, driver, retryWorker, retention])
