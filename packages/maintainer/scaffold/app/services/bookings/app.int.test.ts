import { Fault } from '@sidecart/chassis/core/errors.ts'
import type { Worker } from '@sidecart/chassis/core/worker.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { testTokens } from '@sidecart/testing/tokens.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createBookingsApp } from './app.ts'
import { createPayments } from './clients.ts'
import { migrations } from './migrations/index.ts'
import type { Payments } from './ports.ts'
import { createSaga } from './saga.ts'
import { type BookingsTables, createBookingStore, createCourseStore, createSeats } from './store.ts'

const log = createLog('bookings', 'silent')
const { verify } = await testTokens()
let place: TestDatabase
let database: Database<BookingsTables>
let saga: Worker
let app: ReturnType<typeof createBookingsApp>

beforeEach(async () => {
  place = await testDatabase('bookings')
  database = await openDatabase({ connectionString: place.url, migrations, log })
  use(createPayments())
})
afterEach(async () => {
  await saga.stop()
  await database.close()
  await place.dispose()
})

function use(payments: Payments): void {
  const bookings = createBookingStore(database)
  const seats = createSeats(database)
  saga = createSaga({ bookings, seats, payments, log, pollMs: 20, leaseMs: 50 })
  app = createBookingsApp({
    bookings,
    courses: createCourseStore(database),
    wake: saga.wake,
    inbox: createInbox(database),
    deadLetters: createDeadLetters(database),
    verify,
    log,
  })
}

type Booked = { bookingId: string; status: string; reason?: string }

async function book(seats: number, card = 'approved'): Promise<Booked> {
  const answer = await app.request('/bookings', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ course: 'pottery', seats, card }),
  })
  expect(answer.status).toBe(202)
  const { bookingId } = (await answer.json()) as Booked
  saga.start()
  let booking: Booked | undefined
  await until('the booking is settled', async () => {
    booking = (await (await app.request(`/bookings/${bookingId}`)).json()) as Booked
    return ['confirmed', 'refused'].includes(booking.status)
  })
  return booking as Booked
}

async function freeSeats(): Promise<number | undefined> {
  const { courses } = (await (await app.request('/courses')).json()) as {
    courses: { course: string; free: number }[]
  }
  return courses.find(({ course }) => course === 'pottery')?.free
}

const published = () => database.rows.selectFrom('outbox').select('topic').execute()

it('a booking takes its seats and is published', async () => {
  expect(await book(3)).toMatchObject({ status: 'confirmed' })
  expect(await freeSeats()).toBe(5)
  expect(await published()).toEqual([{ topic: 'bookings-confirmed-v1' }])
})

it('a full course refuses', async () => {
  expect(await book(9)).toMatchObject({ status: 'refused', reason: 'no-seats' })
  expect(await freeSeats()).toBe(8)
})

it('a declined card gives the seats back', async () => {
  expect(await book(3, 'declined')).toMatchObject({ status: 'refused', reason: 'card-declined' })
  expect(await freeSeats()).toBe(8)
  expect(await published()).toEqual([])
})

it('a step whose answer was lost is repeated, and takes the seats once', async () => {
  let asked = 0
  use({
    charge: async () => {
      asked += 1
      if (asked < 3) throw new Fault('unavailable', 'no answer')
      return 'charged'
    },
  })
  expect(await book(3)).toMatchObject({ status: 'confirmed' })
  expect(asked).toBe(3)
  expect(await freeSeats()).toBe(5)
})
