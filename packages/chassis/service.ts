import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import type { JSONWebKeySet } from 'jose'
import { baseEnvironment, readEnvironment } from './core/environment.ts'
import type { App } from './http/app.ts'
import { createVerifier, publishedKeys, type Verifier } from './http/authentication.ts'
import { gracefulShutdown } from './http/graceful-shutdown.ts'
import { limitClients, type PublicLimits, publicServerOptions } from './http/public-server.ts'
import { createLog, type Log } from './observability/log.ts'
import { startMetricsServer } from './observability/metrics-server.ts'
import { startTelemetry } from './observability/telemetry.ts'
import { createDaprSidecar } from './sidecar/dapr-sidecar.ts'
import { callService } from './sidecar/service-client.ts'
import type { Sidecar } from './sidecar/sidecar.ts'
import './core/v8-flags.ts'

export type Service = {
  log: Log
  sidecar: Sidecar
  appToken: string
  /** Opens `/metrics` of a public port. */
  metricsToken: string
  verify: Verifier
  /** Age in days at which old rows are deleted. */
  retentionDays: number
  /** Aborted when the service is stopping: ends long-lived connections. */
  stopping: AbortSignal
  /** Registers a shutdown step; the last registered runs first. */
  onStop(end: () => Promise<unknown> | unknown): void
  /** Serves the app; `workers` start after the port is open and stop before the steps registered with `onStop`. */
  listen(
    app: App,
    workers?: readonly { start(): void; stop(): Promise<void> }[],
    /** For a port reached by clients directly, not through the sidecar. */
    limits?: PublicLimits,
  ): void
}

const sidecarTimeoutMs = 60_000
const drainMs = 10_000
/** daprd keeps idle connections for 90 s; the server must keep connections longer. */
const keepAliveMs = 95_000

/**
 * Starts a service beside its sidecar: environment, log, telemetry, then waits for the sidecar.
 * SIGTERM and SIGINT stop it in order: intake, workers, connections.
 *
 * @param options `isEdge`: clients reach the port directly, so their sampling decisions are ignored
 */
export async function startService(
  name: string,
  { isEdge = false }: { isEdge?: boolean } = {},
): Promise<Service> {
  const env = readEnvironment(baseEnvironment)
  const log = createLog(name, env.LOG_LEVEL)
  const telemetry = await startTelemetry(name, {
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    zipkinEndpoint: env.OTEL_EXPORTER_ZIPKIN_ENDPOINT,
    sampleRatio: env.TRACE_SAMPLE_RATIO,
    isEdge,
  })
  const sidecar = createDaprSidecar({
    host: env.DAPR_HOST,
    httpPort: env.DAPR_HTTP_PORT,
    grpcPort: env.DAPR_GRPC_PORT,
    apiToken: env.DAPR_API_TOKEN,
  })
  const stopping = new AbortController()
  const ends: (() => Promise<unknown> | unknown)[] = [
    () => telemetry.close(),
    () => sidecar.close(),
  ]
  const metricsToken = env.METRICS_TOKEN ?? env.APP_API_TOKEN
  if (env.METRICS_PORT) {
    const address = { host: env.METRICS_HOST, port: env.METRICS_PORT }
    const server = await startMetricsServer({ ...address, token: metricsToken })
    ends.push(() => void server.close())
  }
  await sidecar.ready(sidecarTimeoutMs)

  function listen(
    app: App,
    workers: readonly { start(): void; stop(): Promise<void> }[] = [],
    limits?: PublicLimits,
  ): void {
    const server = serve(
      {
        fetch: app.fetch,
        hostname: env.HOST,
        port: env.APP_PORT,
        ...(limits && { serverOptions: publicServerOptions }),
      },
      ({ port }) => {
        for (const worker of workers) worker.start()
        log.info({ port }, 'ready')
      },
    ) as Server
    server.keepAliveTimeout = keepAliveMs
    server.headersTimeout = keepAliveMs + 1_000
    if (limits) limitClients(server, limits)
    stopOnSignal(log, [
      ...ends,
      () => Promise.all(workers.map((worker) => worker.stop())),
      gracefulShutdown(server, drainMs),
      () => stopping.abort(),
    ])
  }

  const verify = createVerifier(
    () => callService(sidecar, 'users', publishedKeys, {}) as Promise<JSONWebKeySet>,
  )
  return {
    log,
    sidecar,
    appToken: env.APP_API_TOKEN,
    metricsToken,
    verify,
    retentionDays: env.RETENTION_DAYS,
    stopping: stopping.signal,
    onStop: (end) => ends.push(end),
    listen,
  }
}

function stopOnSignal(log: Log, ends: readonly (() => Promise<unknown> | unknown)[]): void {
  let stopping = false
  async function stop(signal: string): Promise<void> {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), 2 * drainMs).unref()
    for (const end of ends.toReversed()) {
      try {
        await end()
      } catch (err) {
        log.warn({ err }, 'something did not stop cleanly')
      }
    }
    log.info('stopped')
    process.exit(0)
  }
  process.once('SIGTERM', () => void stop('SIGTERM'))
  process.once('SIGINT', () => void stop('SIGINT'))
}
