import type { RouteConfig } from '@hono/zod-openapi'
import { cartsRoutes } from '../services/carts/contract.ts'
import { catalogRoutes } from '../services/catalog/contract.ts'
import { notificationsRoutes } from '../services/notifications/contract.ts'
import { ordersRoutes } from '../services/orders/contract.ts'
import { paymentsRoutes } from '../services/payments/contract.ts'
import { usersRoutes } from '../services/users/contract.ts'

/** The routes of every service with a contract, by app-id. */
export const routesByService: Record<string, Record<string, RouteConfig>> = {
  users: usersRoutes,
  catalog: catalogRoutes,
  carts: cartsRoutes,
  orders: ordersRoutes,
  payments: paymentsRoutes,
  notifications: notificationsRoutes,
}
