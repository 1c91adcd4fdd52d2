import { limitsEnvironment, readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { TrustedProxies } from '@sidecart/chassis/http/trusted-proxies.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { z } from 'zod'
import { createGatewayApp } from './app.ts'
import { refuseEndedSessions } from './ended-sessions.ts'
import { supervisorAt } from './operations-proxy.ts'
import { createEndedSessions, createRequestCounts, shop } from './shop.ts'

const env = readEnvironment({
  ...limitsEnvironment,
  RATE_LIMIT_PER_SECOND: z.coerce.number().int().min(1).default(100),
  MAX_IN_FLIGHT: z.coerce.number().int().min(1).default(256),
  MAX_CONNECTIONS: z.coerce.number().int().min(1).default(4_000),
  MAX_CONNECTIONS_PER_CLIENT: z.coerce.number().int().min(1).default(1_000),
  PUBLIC_URL: z.url().optional(),
  TRUSTED_PROXIES: TrustedProxies,
  CORS_ORIGINS: z.string().default(''),
  WEB_ROOT: z.string().default('../../web/dist'),
  OPERATIONS_SOCKET: z.string().min(1).optional(),
})
const service = await startService('gateway', { isEdge: true })
const endedSessions = createEndedSessions(service.sidecar)
const app = createGatewayApp({
  ...service,
  ...shop,
  verify: endedSessions ? refuseEndedSessions(service.verify, endedSessions) : service.verify,
  countEverywhere: createRequestCounts(service.sidecar),
  ratePerSecond: env.RATE_LIMIT_PER_SECOND * env.LIMITS_FACTOR,
  maxInFlight: env.MAX_IN_FLIGHT,
  origins: env.CORS_ORIGINS.split(',').filter(Boolean),
  webRoot: env.WEB_ROOT,
  trustedProxies: env.TRUSTED_PROXIES,
  isSecure: env.PUBLIC_URL?.startsWith('https:') ?? false,
  supervisor: env.OPERATIONS_SOCKET ? supervisorAt(env.OPERATIONS_SOCKET) : undefined,
})
service.listen(app, [], {
  connections: env.MAX_CONNECTIONS,
  connectionsPerAddress: env.MAX_CONNECTIONS_PER_CLIENT,
  trustedProxies: env.TRUSTED_PROXIES,
  headersMs: 5_000,
  requestMs: 10_000,
  idleMs: 30_000,
})
