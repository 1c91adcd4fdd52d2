import type { Course } from './contract.ts'
import type { Booking, Change } from './domain.ts'

export type BookingStore = {
  add(booking: Booking): Promise<void>
  find(bookingId: string): Promise<Booking | undefined>
  /** Returns bookings with a step that is due, each for `leaseMs` to this process alone. */
  claim(most: number, leaseMs: number): Promise<Booking[]>
  /** Stores a decision with its events. A booking with a next step is due at once. */
  update(bookingId: string, decide: (booking: Booking) => Change): Promise<Booking>
}

export type CourseStore<T> = {
  list(): Promise<Course[]>
  /** Counts the seats of a confirmed booking, in the transaction that marks the event as received. */
  countBooked(tx: T, course: string, seats: number): Promise<void>
}

/** The steps of the saga. Each may be repeated with the same booking id: it has its effect once. */
export type Seats = {
  hold(booking: Booking): Promise<'held' | 'no-seats'>
  release(booking: Booking): Promise<void>
}
export type Payments = {
  charge(booking: Booking): Promise<'charged' | 'declined'>
}
