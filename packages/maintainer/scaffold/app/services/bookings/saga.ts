import { createWorker, type Worker } from '@sidecart/chassis/core/worker.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import { type Booking, type Change, charged, held, next, released, type Step } from './domain.ts'
import type { BookingStore, Payments, Seats } from './ports.ts'

export type SagaOptions = {
  bookings: BookingStore
  seats: Seats
  payments: Payments
  log: Log
  /** Milliseconds between polls for bookings that another process has left. */
  pollMs?: number
  /** Milliseconds; longer than the slowest step. A failed step is repeated after this time. */
  leaseMs?: number
}

const most = 20

/**
 * Drives bookings: takes the command from `next`, sends it, stores the decision for the outcome, until none is left.
 * After a fault the command is repeated when the lease has ended, by any instance.
 */
export function createSaga(options: SagaOptions): Worker {
  const { bookings, seats, payments, log, pollMs = 500, leaseMs = 5_000 } = options

  async function send(booking: Booking, { command }: Step): Promise<(now: Booking) => Change> {
    switch (command) {
      case 'hold': {
        const outcome = await seats.hold(booking)
        return (now) => held(now, outcome)
      }
      case 'charge': {
        const outcome = await payments.charge(booking)
        return (now) => charged(now, outcome)
      }
      case 'release': {
        await seats.release(booking)
        return released
      }
    }
  }

  async function drive(booking: Booking): Promise<void> {
    const { bookingId } = booking
    try {
      for (let step = next(booking); step; step = next(booking))
        booking = await bookings.update(bookingId, await send(booking, step))
    } catch (err) {
      log.warn({ err, bookingId }, 'a step failed; it will be tried again')
    }
  }

  return createWorker({
    name: 'saga',
    log,
    pollMs,
    work: async () => {
      const due = await bookings.claim(most, leaseMs)
      await Promise.all(due.map(drive))
      return due.length === most
    },
  })
}
