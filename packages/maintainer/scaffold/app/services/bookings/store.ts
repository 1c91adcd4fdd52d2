import type { Database, Tx } from '@sidecart/chassis/persistence/database.ts'
import { type Generated, type Selectable, sql } from 'kysely'
import type { Status } from './contract.ts'
import { type Booking, next } from './domain.ts'
import type { BookingStore, CourseStore, Seats } from './ports.ts'

export type BookingsTables = {
  bookings: {
    booking_id: string
    course: string
    seats: number
    card: string
    status: Status
    reason: Booking['reason'] | null
    /** When the next step is due; null when none is left. */
    due_at: Generated<Date | null>
  }
  courses: { course: string; free: number; booked: Generated<number> }
  holds: { booking_id: string }
}

export function createBookingStore(database: Database<BookingsTables>): BookingStore {
  const { rows, inTransaction } = database
  return {
    async add({ bookingId, ...rest }) {
      await rows
        .insertInto('bookings')
        .values({ booking_id: bookingId, ...rest })
        .execute()
    },

    async find(bookingId) {
      const query = rows.selectFrom('bookings').selectAll().where('booking_id', '=', bookingId)
      const row = await query.executeTakeFirst()
      return row && toBooking(row)
    },

    async claim(most, leaseMs) {
      const claimed = await rows
        .updateTable('bookings')
        .set({ due_at: sql`now() + ${leaseMs} * interval '1 millisecond'` })
        .where('booking_id', 'in', (due) =>
          due
            .selectFrom('bookings')
            .select('booking_id')
            .where('due_at', '<=', sql<Date>`now()`)
            .orderBy('due_at')
            .limit(most)
            .forUpdate()
            .skipLocked(),
        )
        .returningAll()
        .execute()
      return claimed.map(toBooking)
    },

    update: (bookingId, decide) =>
      inTransaction(async (tx) => {
        const row = await tx.rows
          .selectFrom('bookings')
          .selectAll()
          .where('booking_id', '=', bookingId)
          .forUpdate()
          .executeTakeFirstOrThrow()
        const { booking, events } = decide(toBooking(row))
        const { status, reason = null } = booking
        await tx.rows
          .updateTable('bookings')
          .set({ status, reason, due_at: next(booking) ? sql`now()` : null })
          .where('booking_id', '=', bookingId)
          .execute()
        tx.emit(...events)
        return booking
      }),
  }
}

export const createCourseStore = ({
  rows,
}: Database<BookingsTables>): CourseStore<Tx<BookingsTables>> => ({
  list: () => rows.selectFrom('courses').selectAll().orderBy('course').execute(),

  async countBooked(tx, course, seats) {
    await tx.rows
      .updateTable('courses')
      .set({ booked: sql`booked + ${seats}` })
      .where('course', '=', course)
      .execute()
  },
})

/** Each booking has at most one hold: a repeated command finds it, and takes no more seats. */
export const createSeats = ({ inTransaction }: Database<BookingsTables>): Seats => ({
  hold: ({ bookingId, course, seats }) =>
    inTransaction(async ({ rows }) => {
      const held = rows.selectFrom('holds').selectAll().where('booking_id', '=', bookingId)
      if (await held.executeTakeFirst()) return 'held'
      const { numUpdatedRows } = await rows
        .updateTable('courses')
        .set({ free: sql`free - ${seats}` })
        .where('course', '=', course)
        .where('free', '>=', seats)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return 'no-seats'
      await rows.insertInto('holds').values({ booking_id: bookingId }).execute()
      return 'held'
    }),

  release: ({ bookingId, course, seats }) =>
    inTransaction(async ({ rows }) => {
      const { numDeletedRows } = await rows
        .deleteFrom('holds')
        .where('booking_id', '=', bookingId)
        .executeTakeFirst()
      if (numDeletedRows === 0n) return
      await rows
        .updateTable('courses')
        .set({ free: sql`free + ${seats}` })
        .where('course', '=', course)
        .execute()
    }),
})

const toBooking = (row: Selectable<BookingsTables['bookings']>): Booking => ({
  bookingId: row.booking_id,
  course: row.course,
  seats: row.seats,
  card: row.card,
  status: row.status,
  ...(row.reason && { reason: row.reason }),
})
