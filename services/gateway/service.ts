import { defineService } from '@sidecart/chassis/contract/manifest.ts'
import { ordersRoutes } from '@sidecart/orders/contract.ts'
import { usersRoutes } from '@sidecart/users/contract.ts'

export const service = defineService({
  name: 'gateway',
  owns: 'the only public entry point: routing, authentication, limits, API docs',
  position: 0,
  calls: {
    orders: [ordersRoutes.get],
    users: [usersRoutes.countRequests, usersRoutes.endedSessions],
  },
  container: {
    networks: ['edge'],
    ports: [`127.0.0.1:\${SHOP_PORT:-8080}:8080`],
    // the shop's own address, and the proxies in front of it
    environment: { PUBLIC_URL: `\${PUBLIC_URL:-}`, TRUSTED_PROXIES: `\${TRUSTED_PROXIES:-}` },
  },
})
