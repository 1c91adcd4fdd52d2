import { refused } from '@sidecart/chassis/core/errors.ts'
import { type App, createApp } from '@sidecart/chassis/http/app.ts'
import { signedIn, type Verifier } from '@sidecart/chassis/http/authentication.ts'
import { type Handler, on } from '@sidecart/chassis/messaging/consumer.ts'
import { mountConsumer } from '@sidecart/chassis/messaging/consumer-routes.ts'
import type { DeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import type { Inbox } from '@sidecart/chassis/messaging/inbox.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { v7 as uuid } from 'uuid'
import { bookingEvents, bookingsRoutes } from './contract.ts'
import type { Booking } from './domain.ts'
import type { BookingStore, CourseStore } from './ports.ts'

export type BookingsPorts<T> = {
  bookings: BookingStore
  courses: CourseStore<T>
  /** Starts the saga of new bookings now. */
  wake: () => void
  inbox: Inbox<T>
  deadLetters: DeadLetters
  verify: Verifier
  log: Log
  appToken?: string
  ready?: () => Promise<void>
}

export const bookingsHandlers = <T>({
  courses,
}: Pick<BookingsPorts<T>, 'courses'>): Handler<T>[] => [
  on(bookingEvents.confirmed, ({ course, seats }, tx: T) => courses.countBooked(tx, course, seats)),
]

export function createBookingsApp<T>(ports: BookingsPorts<T>): App {
  const { bookings, courses, wake, verify } = ports
  const app = createApp({ ...ports, name: 'bookings' })
  app.use('/bookings/dead-letters/*', signedIn(verify, 'operator'))
  // before /bookings/{bookingId}, where "dead-letters" would match as a booking id
  mountConsumer(app, { ...ports, name: 'bookings', handlers: bookingsHandlers(ports) })

  app.openapi(bookingsRoutes.book, async (c) => {
    const booking: Booking = { bookingId: uuid(), status: 'requested', ...c.req.valid('json') }
    await bookings.add(booking)
    wake()
    return c.json(toView(booking), 202)
  })

  app.openapi(bookingsRoutes.find, async (c) => {
    const { bookingId } = c.req.valid('param')
    const booking = await bookings.find(bookingId)
    if (!booking) throw refused('not-found', `There is no booking ${bookingId}.`)
    return c.json(toView(booking), 200)
  })

  app.openapi(bookingsRoutes.courses, async (c) => c.json({ courses: await courses.list() }, 200))

  return app
}

const toView = ({ card: _, ...view }: Booking) => view
