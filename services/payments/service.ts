import { defineService } from '@sidecart/chassis/contract/manifest.ts'
import { paymentEvents, paymentsRoutes } from './contract.ts'

export const service = defineService({
  name: 'payments',
  owns: 'charges, refunds, a double-entry ledger, the provider port',
  position: 5,
  routes: paymentsRoutes,
  publishes: paymentEvents,
  database: true,
  secrets: ['provider-api-key'],
  container: { networks: ['provider'] },
})
