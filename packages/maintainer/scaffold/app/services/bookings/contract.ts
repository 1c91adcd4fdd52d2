import {
  body,
  createRoute,
  defineEvent,
  json,
  linksTo,
  refusal,
  z,
} from '@sidecart/chassis/contract/openapi.ts'
import { line } from '@sidecart/chassis/contract/text.ts'

const BookingId = z.uuid()
const Seats = z.int().min(1).max(20)

export const NewBooking = z
  .strictObject({ course: line(40), seats: Seats, card: line(40) })
  .openapi('NewBooking', { example: { course: 'pottery', seats: 2, card: 'approved' } })
export type NewBooking = z.infer<typeof NewBooking>

export const Status = z.enum(['requested', 'held', 'confirmed', 'releasing', 'refused'])
export type Status = z.infer<typeof Status>

export const Booking = z
  .object({
    bookingId: BookingId,
    course: z.string(),
    seats: Seats,
    status: Status,
    reason: z.enum(['no-seats', 'card-declined']).optional(),
  })
  .openapi('Booking')

export const Course = z
  .object({
    course: z.string(),
    free: z.int(),
    booked: z.int().openapi({ description: 'Seats of confirmed bookings' }),
  })
  .openapi('Course')
export type Course = z.infer<typeof Course>

export const bookingsRoutes = {
  book: createRoute({
    method: 'post',
    path: '/bookings',
    tags: ['bookings'],
    summary: 'Book seats in a course',
    request: { body: body(NewBooking) },
    responses: {
      202: {
        ...json(Booking, 'Accepted: the saga holds the seats, then charges the card'),
        links: linksTo(
          { bookingId: '$response.body#/bookingId' },
          { find: 'get /bookings/{bookingId}' },
        ),
      },
    },
  }),
  find: createRoute({
    method: 'get',
    path: '/bookings/{bookingId}',
    tags: ['bookings'],
    summary: 'See a booking',
    request: { params: z.object({ bookingId: BookingId }) },
    responses: { 200: json(Booking), 404: refusal('`not-found`: there is no such booking') },
  }),
  courses: createRoute({
    method: 'get',
    path: '/courses',
    tags: ['bookings'],
    summary: 'All courses with their free seats',
    responses: { 200: json(z.object({ courses: z.array(Course) })) },
  }),
}

export const bookingEvents = {
  confirmed: defineEvent(
    'bookings-confirmed-v1',
    z.object({ bookingId: BookingId, course: z.string(), seats: Seats }),
    'bookingId',
  ),
}
