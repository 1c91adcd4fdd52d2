import { createRetryWorker } from '@sidecart/chassis/messaging/consumer-retry.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createOutboxRelay } from '@sidecart/chassis/messaging/outbox.ts'
import { createRetentionWorker } from '@sidecart/chassis/messaging/retention.ts'
import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { bookingsHandlers, createBookingsApp } from './app.ts'
import { createPayments } from './clients.ts'
import { bookingEvents } from './contract.ts'
import { migrations } from './migrations/index.ts'
import { createSaga } from './saga.ts'
import { type BookingsTables, createBookingStore, createCourseStore, createSeats } from './store.ts'

const service = await startService('bookings')
const { log, sidecar } = service
const connectionString = await sidecar.secret('bookings-database')
const database = await openDatabase<BookingsTables>({ connectionString, migrations, log })
service.onStop(database.close)

const bookings = createBookingStore(database)
const saga = createSaga({
  bookings,
  seats: createSeats(database),
  payments: createPayments(),
  log,
})
const ports = {
  ...service,
  bookings,
  courses: createCourseStore(database),
  wake: saga.wake,
  inbox: createInbox(database),
  deadLetters: createDeadLetters(database),
  ready: database.ping,
}
const relay = createOutboxRelay({
  database,
  sidecar,
  source: 'bookings',
  events: bookingEvents,
  log,
})
const retryWorker = createRetryWorker({
  ...ports,
  name: 'bookings',
  handlers: bookingsHandlers(ports),
})
const retention = createRetentionWorker({ ...service, database })
service.listen(createBookingsApp(ports), [relay, saga, retryWorker, retention])
