import { describe, expect, it } from 'vitest'
import { type Booking, charged, held, next, released } from './domain.ts'

const requested: Booking = {
  bookingId: '019a0000-0000-7000-8000-000000000001',
  course: 'pottery',
  seats: 2,
  card: 'approved',
  status: 'requested',
}

describe('a booking', () => {
  it('holds its seats, then charges the card, and is then confirmed and published', () => {
    expect(next(requested)).toEqual({ command: 'hold' })
    const holding = held(requested, 'held').booking
    expect(next(holding)).toEqual({ command: 'charge' })
    const { booking, events } = charged(holding, 'charged')
    expect(booking.status).toBe('confirmed')
    expect(next(booking)).toBeUndefined()
    expect(events).toMatchObject([{ topic: 'bookings-confirmed-v1', data: { seats: 2 } }])
  })

  it('is refused when the course is full, and no card is charged', () => {
    const { booking } = held(requested, 'no-seats')
    expect(booking).toMatchObject({ status: 'refused', reason: 'no-seats' })
    expect(next(booking)).toBeUndefined()
  })

  it('gives its seats back when the card is declined', () => {
    const { booking, events } = charged(held(requested, 'held').booking, 'declined')
    expect(events).toEqual([])
    expect(next(booking)).toEqual({ command: 'release' })
    expect(released(booking).booking).toMatchObject({ status: 'refused', reason: 'card-declined' })
  })

  it('stays as it is when an outcome arrives twice', () => {
    const confirmed = charged(held(requested, 'held').booking, 'charged').booking
    for (const repeated of [
      held(confirmed, 'held'),
      charged(confirmed, 'charged'),
      released(confirmed),
    ])
      expect(repeated).toEqual({ booking: confirmed, events: [] })
  })
})
