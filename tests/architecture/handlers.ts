import { cartsHandlers } from '../../services/carts/app.ts'
import { catalogHandlers } from '../../services/catalog/app.ts'
import { notificationsHandlers } from '../../services/notifications/app.ts'
import { ordersHandlers } from '../../services/orders/app.ts'

/** The topics handled by the code of each service. Building the tables runs no handler. */
export const handled: Record<string, string[]> = {
  carts: topicsOf(cartsHandlers({} as never)),
  catalog: topicsOf(catalogHandlers({} as never)),
  notifications: topicsOf(notificationsHandlers({} as never)),
  orders: topicsOf(ordersHandlers({} as never)),
}

function topicsOf(handlers: readonly { event: { topic: string } }[]): string[] {
  return handlers.map(({ event }) => event.topic)
}
