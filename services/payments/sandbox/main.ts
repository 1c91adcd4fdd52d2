import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { z } from 'zod'
import { createSandbox } from './app.ts'
import { openEffectLog } from './log.ts'

const env = readEnvironment({
  HOST: z.string().default('127.0.0.1'),
  PROVIDER_PORT: z.coerce.number().int().min(0).max(65535).default(8090),
  PROVIDER_API_KEY: z.string().min(1),
  PROVIDER_LOG: z.string().min(1),
})
const log = await openEffectLog(env.PROVIDER_LOG)
const app = createSandbox({ log, apiKey: env.PROVIDER_API_KEY })
const server = serve(
  { fetch: app.fetch, hostname: env.HOST, port: env.PROVIDER_PORT },
  ({ port }) => process.stdout.write(`sandbox provider on http://${env.HOST}:${port}\n`),
) as Server
server.keepAliveTimeout = 95_000
server.headersTimeout = 96_000

function stop(): void {
  server.close(() => void log.close().then(() => process.exit(0)))
  server.closeIdleConnections()
  setTimeout(() => server.closeAllConnections(), 2_500).unref()
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
