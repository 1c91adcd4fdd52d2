import { z } from 'zod'
import { limitsEnvironment, readEnvironment } from '../../chassis/environment.ts'
import { startService } from '../../chassis/service.ts'
import { createGatewayApp } from './app.ts'
import { supervisorAt } from './operations.ts'

const env = readEnvironment({
  ...limitsEnvironment,
  RATE_LIMIT_PER_SECOND: z.coerce.number().int().min(1).default(100),
  MAX_IN_FLIGHT: z.coerce.number().int().min(1).default(256),
  CORS_ORIGINS: z.string().default(''),
  WEB_ROOT: z.string().default('../../web/dist'),
  OPERATIONS_SOCKET: z.string().min(1).optional(),
})
const service = await startService('gateway')
const app = createGatewayApp({
  ...service,
  ratePerSecond: env.RATE_LIMIT_PER_SECOND * env.LIMITS_FACTOR,
  maxInFlight: env.MAX_IN_FLIGHT,
  origins: env.CORS_ORIGINS.split(',').filter(Boolean),
  webRoot: env.WEB_ROOT,
  supervisor: env.OPERATIONS_SOCKET ? supervisorAt(env.OPERATIONS_SOCKET) : undefined,
})
service.listen(app)
