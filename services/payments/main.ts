import { readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { createOutboxRelay } from '@sidecart/chassis/messaging/outbox.ts'
import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { v7 as newId } from 'uuid'
import { z } from 'zod'
import { createPaymentsApp } from './app.ts'
import { createProvider } from './clients.ts'
import { paymentEvents } from './contract.ts'
import { migrations } from './migrations/index.ts'
import { createPaymentService } from './payment-service.ts'
import { createPaymentRepository, type PaymentsTables } from './store.ts'

const env = readEnvironment({ PROVIDER_URL: z.url() })
const service = await startService('payments')
const { sidecar, log } = service
const database = await openDatabase<PaymentsTables>({
  connectionString: await sidecar.secret('payments-database'),
  migrations,
  log,
})
service.onStop(database.close)
const provider = createProvider({
  url: env.PROVIDER_URL,
  apiKey: await sidecar.secret('provider-api-key'),
})
service.onStop(provider.close)
const payments = createPaymentRepository(database)
const paymentService = createPaymentService({ payments, provider, newId })
const relay = createOutboxRelay({
  database,
  sidecar,
  source: 'payments',
  events: paymentEvents,
  log,
})
const app = createPaymentsApp({ paymentService, payments, ...service, ready: database.ping })
service.listen(app, [relay])
