import { defineService } from '@sidecart/chassis/contract/manifest.ts'
import { publishedKeys } from '@sidecart/chassis/http/authentication.ts'
import { userEvents, usersRoutes } from './contract.ts'

export const service = defineService({
  name: 'users',
  owns: 'accounts, sessions, addresses, preferences; issues access tokens',
  position: 1,
  routes: usersRoutes,
  forEveryService: [publishedKeys],
  publishes: userEvents,
  database: true,
  secrets: ['jwt-keys', 'second-factor-key', 'demo-password', 'operator-password'],
  container: { environment: { DEMO_ACCOUNTS: `\${DEMO_ACCOUNTS:-false}` } },
})
