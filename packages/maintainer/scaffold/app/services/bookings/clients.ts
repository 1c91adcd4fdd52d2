import type { Payments } from './ports.ts'

/**
 * Stands in for a payment provider: declines the card `declined`, and takes any other. Replace it with calls to your
 * provider, with the booking id as the idempotency key.
 */
export const createPayments = (): Payments => ({
  charge: async ({ card }) => (card === 'declined' ? 'declined' : 'charged'),
})
