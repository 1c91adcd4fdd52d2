import { defineService } from '@sidecart/chassis/contract/manifest.ts'
import { bookingEvents, bookingsRoutes } from './contract.ts'

export const service = defineService({
  name: 'bookings',
  owns: 'courses, their seats, and the saga of each booking',
  position: 1,
  routes: bookingsRoutes,
  publishes: bookingEvents,
  subscribesTo: [bookingEvents.confirmed],
  database: true,
})
