import { defineService } from '@sidecart/chassis/contract/manifest.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { paymentEvents } from '@sidecart/payments/contract.ts'
import { userEvents, usersRoutes } from '@sidecart/users/contract.ts'
import { notificationsRoutes } from './contract.ts'

export const service = defineService({
  name: 'notifications',
  owns: 'templates, preferences, a record of every mail',
  position: 6,
  routes: notificationsRoutes,
  subscribesTo: [
    userEvents.registered,
    userEvents.contactChanged,
    orderEvents.placed,
    orderEvents.confirmed,
    orderEvents.cancelled,
    orderEvents.shipped,
    orderEvents.delivered,
    orderEvents.refunded,
    paymentEvents.charged,
    paymentEvents.declined,
    paymentEvents.refunded,
  ],
  calls: { users: [usersRoutes.issueConfirmation, usersRoutes.issuePasswordReset] },
  database: true,
  components: ['email'],
  container: { environment: { SHOP_URL: `http://127.0.0.1:\${SHOP_PORT:-8080}` } },
})
