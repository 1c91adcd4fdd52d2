import type { GatewayPorts } from './app.ts'
import { orderEventRoutes } from './order-events.ts'

export { createEndedSessions, createRequestCounts } from './clients.ts'

/** The parts of the gateway that know the services behind it. */
export const shop: Pick<GatewayPorts, 'ownRoutes' | 'compressed'> = {
  ownRoutes: orderEventRoutes,
  compressed: ['/products', '/products/*', '/categories'],
}
