import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import type { App } from '@sidecart/chassis/http/app.ts'
import { createVerifier, publishedKeys } from '@sidecart/chassis/http/authentication.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { startTelemetry } from '@sidecart/chassis/observability/telemetry.ts'
import type { Service } from '@sidecart/chassis/service.ts'
import { callService } from '@sidecart/chassis/sidecar/service-client.ts'
import type { JSONWebKeySet } from 'jose'
import '@sidecart/chassis/core/v8-flags.ts'
import { topicsOf } from '../direct/deliver.ts'
import { createDirectSidecar } from '../direct/direct-sidecar.ts'
import { directOptions } from '../direct/environment.ts'
import { createInProcessSidecars } from './in-process-sidecars.ts'

type Worker = { start(): void; stop(): Promise<void> }

const port = Number(process.env.APP_PORT)
const options = directOptions()
const log = createLog('monolith', 'info')
const telemetry = await startTelemetry('monolith')
const house = createInProcessSidecars(options.appToken)
/** State, secrets and mail are outside the process in any case. */
const outside = createDirectSidecar(options)
const workers: Worker[] = []
const ends: (() => Promise<unknown> | unknown)[] = [() => telemetry.close(), () => outside.close()]
const stopping = new AbortController()

/**
 * Replaces the chassis function: every service runs in this process, and only the gateway listens.
 */
export async function startService(name: string): Promise<Service> {
  const sidecar = { ...outside, invoke: house.invoke, publish: house.publish }
  const keys = () => callService(sidecar, 'users', publishedKeys, {}) as Promise<JSONWebKeySet>
  return {
    log: createLog(name, 'info'),
    sidecar,
    appToken: options.appToken,
    metricsToken: options.appToken,
    verify: createVerifier(keys),
    retentionDays: 90,
    stopping: stopping.signal,
    onStop: (end) => ends.push(end),
    listen(app: App, more: readonly Worker[] = []) {
      house.apps.set(name, { app, topics: topicsOf(app) })
      workers.push(...more)
    },
  }
}

/**
 * Starts the server and the workers. Called after all services have registered: an earlier event
 * would have no subscriber.
 */
export function open(): void {
  const gateway = house.apps.get('gateway')
  if (!gateway) throw new Error('there is no gateway')
  const server = serve({ fetch: gateway.app.fetch, hostname: '127.0.0.1', port }, () => {
    for (const worker of workers) worker.start()
    log.info({ port }, 'ready')
  }) as Server
  server.keepAliveTimeout = 95_000
  process.once('SIGTERM', () => void stop(server))
}

async function stop(server: Server): Promise<void> {
  stopping.abort()
  server.close()
  server.closeIdleConnections()
  await Promise.all(workers.map((worker) => worker.stop()))
  for (const end of ends.toReversed()) await end()
  process.exit(0)
}
