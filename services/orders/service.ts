import { catalogRoutes } from '@sidecart/catalog/contract.ts'
import { defineService } from '@sidecart/chassis/contract/manifest.ts'
import { paymentEvents, paymentsRoutes } from '@sidecart/payments/contract.ts'
import { usersRoutes } from '@sidecart/users/contract.ts'
import { orderEvents, ordersRoutes } from './contract.ts'

export const service = defineService({
  name: 'orders',
  owns: 'the order’s life; drives the checkout saga',
  position: 4,
  routes: ordersRoutes,
  publishes: orderEvents,
  subscribesTo: [paymentEvents.refunded],
  calls: {
    catalog: [
      catalogRoutes.lookUp,
      catalogRoutes.reserve,
      catalogRoutes.release,
      catalogRoutes.returnGoods,
    ],
    payments: [paymentsRoutes.charge, paymentsRoutes.refund, paymentsRoutes.refundPart],
    users: [usersRoutes.savedAddress, usersRoutes.lookUpAccounts],
  },
  database: true,
})
