import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import { bookingEvents, type NewBooking, type Status } from './contract.ts'

export type Booking = NewBooking & {
  bookingId: string
  status: Status
  reason?: 'no-seats' | 'card-declined'
}

/** The next command of the saga. */
export type Step = { command: 'hold' } | { command: 'charge' } | { command: 'release' }

/** Result of a decision. */
export type Change = { booking: Booking; events: OutboxMessage[] }

/** The saga in one function: returns the next command for a booking, or none when the booking is settled. */
export function next({ status }: Booking): Step | undefined {
  switch (status) {
    case 'requested':
      return { command: 'hold' }
    case 'held':
      return { command: 'charge' }
    case 'releasing':
      return { command: 'release' }
    case 'confirmed':
    case 'refused':
      return undefined
  }
}

/** Decides for the outcome of the first step. */
export function held(booking: Booking, outcome: 'held' | 'no-seats'): Change {
  if (booking.status !== 'requested') return unchanged(booking)
  return outcome === 'held'
    ? moved(booking, 'held')
    : moved({ ...booking, reason: 'no-seats' }, 'refused')
}

/** Decides for the outcome of the second step: a declined card compensates the first one. */
export function charged(booking: Booking, outcome: 'charged' | 'declined'): Change {
  if (booking.status !== 'held') return unchanged(booking)
  if (outcome === 'declined') return moved({ ...booking, reason: 'card-declined' }, 'releasing')
  const { bookingId, course, seats } = booking
  return {
    ...moved(booking, 'confirmed'),
    events: [bookingEvents.confirmed({ bookingId, course, seats })],
  }
}

/** Decides for the outcome of the compensation. */
export const released = (booking: Booking): Change =>
  booking.status === 'releasing' ? moved(booking, 'refused') : unchanged(booking)

const moved = (booking: Booking, status: Status): Change => ({
  booking: { ...booking, status },
  events: [],
})

const unchanged = (booking: Booking): Change => ({ booking, events: [] })
