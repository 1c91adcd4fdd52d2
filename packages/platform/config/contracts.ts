import type { RouteConfig } from '@hono/zod-openapi'
import { cartsRoutes } from '@sidecart/carts/contract.ts'
import { catalogRoutes } from '@sidecart/catalog/contract.ts'
import { notificationsRoutes } from '@sidecart/notifications/contract.ts'
import { ordersRoutes } from '@sidecart/orders/contract.ts'
import { paymentsRoutes } from '@sidecart/payments/contract.ts'
import { usersRoutes } from '@sidecart/users/contract.ts'

/** Routes of every service with a contract, by app id. */
export const routesByService: Record<string, Record<string, RouteConfig>> = {
  users: usersRoutes,
  catalog: catalogRoutes,
  carts: cartsRoutes,
  orders: ordersRoutes,
  payments: paymentsRoutes,
  notifications: notificationsRoutes,
}
