import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startScheduler, startSentry } from '../runtime/dapr-control-plane.ts'
import type { Runtime } from '../runtime/ensure.ts'
import { startMail } from '../runtime/mail.ts'
import { ensureStream, startNats } from '../runtime/nats.ts'
import { startPostgres, stopPostgres } from '../runtime/postgres.ts'
import { accepts, answers, startAndWait } from '../runtime/started.ts'
import { type Resource, streamsFor, uses } from './components.ts'
import { ensureDatabases } from './databases.ts'
import {
  brokerMonitorPort,
  brokerPort,
  inboxPort,
  postgresPort,
  providerPort,
  smtpPort,
} from './ports.ts'
import type { Project } from './project.ts'
import type { Secrets } from './secrets.ts'
import { stopGently, type Unit } from './unit.ts'

export const sentryAddress = 'localhost:50001'
export const schedulerAddress = '127.0.0.1:50006'

export type BackingOptions = {
  project: Project
  runtime: Runtime
  secrets: Secrets
  resources: readonly Resource[]
}

/** The servers that the shop stands on, as the components in use want them. */
export function backingUnits({
  project,
  runtime: { parts },
  secrets,
  resources,
}: BackingOptions): Unit[] {
  const dir = (name: string) => join(project.home, name)
  const unit = (
    name: string,
    ports: Record<string, number>,
    rest: Pick<Unit, 'start' | 'ready'> & Partial<Unit>,
  ): Unit => ({
    name,
    role: 'backing',
    ports,
    logFile: logOf(name),
    after: [],
    stop: stopGently,
    ...rest,
  })
  const logOf = (name: string) => join(project.logs, `${name}.log`)
  const http =
    (port: number, path = '/healthz') =>
    () =>
      answers(`http://127.0.0.1:${port}${path}`)

  const postgres = (): Unit => {
    const configured = process.env.SIDECART_POSTGRES_URL
    const password = secrets['postgres-superuser'] ?? ''
    const admin = configured ?? `postgres://postgres:${password}@127.0.0.1:${postgresPort}/postgres`
    return unit('postgres', configured ? {} : { sql: postgresPort }, {
      start: async () =>
        (
          await startPostgres({
            dataDir: dir('postgres'),
            port: postgresPort,
            superuserPassword: password,
            logFile: logOf('postgres'),
          })
        ).proc,
      prepare: () => ensureDatabases(admin, secrets),
      ready: () => (configured ? Promise.resolve(true) : accepts(postgresPort)),
      stop: stopPostgres,
    })
  }

  const nats = (): Unit => {
    const { username: user, password } = new URL(secrets['broker-url'] ?? '')
    const login = { url: `nats://127.0.0.1:${brokerPort}`, user, password }
    return unit(
      'nats',
      { client: brokerPort, monitor: brokerMonitorPort },
      {
        start: async () => {
          const ports = { port: brokerPort, monitorPort: brokerMonitorPort }
          return (
            await startNats({
              path: parts['nats-server'].path,
              dir: dir('nats'),
              ...ports,
              user,
              password,
              logFile: logOf('nats'),
            })
          ).proc
        },
        prepare: async () => {
          for (const stream of streamsFor(resources)) await ensureStream({ ...login, ...stream })
        },
        ready: http(brokerMonitorPort),
        // Dapr's component tries to reconnect for two minutes, then never again, and calls itself healthy.
        dependentsSurviveMs: 100_000,
      },
    )
  }

  const mail = (): Unit =>
    unit(
      'mail',
      { smtp: smtpPort, inbox: inboxPort },
      {
        start: async () =>
          (
            await startMail({
              dir: dir('mail'),
              smtpPort,
              webPort: inboxPort,
              logFile: logOf('mail'),
            })
          ).proc,
        ready: http(inboxPort, '/api/healthz'),
      },
    )

  const provider = (): Unit =>
    unit(
      'provider',
      { http: providerPort },
      {
        start: async () => {
          mkdirSync(dir('provider'), { recursive: true })
          const started = await startAndWait(
            {
              name: 'provider',
              command: process.execPath,
              args: [join(project.root, 'services/payments/sandbox/main.ts')],
              cwd: project.root,
              env: {
                PROVIDER_PORT: String(providerPort),
                PROVIDER_API_KEY: secrets['provider-api-key'],
                PROVIDER_LOG: join(dir('provider'), 'log.jsonl'),
              },
              logFile: logOf('provider'),
            },
            { ports: [providerPort], ready: http(providerPort) },
          )
          return started.proc
        },
        ready: http(providerPort),
      },
    )

  const sentry = (): Unit =>
    unit(
      'sentry',
      { grpc: 50001, health: 50011 },
      {
        start: async () => {
          const configFile = join(project.root, 'components/common/configuration/gateway.yaml')
          return (
            await startSentry({
              path: parts.sentry.path,
              dir: project.certificates,
              configFile,
              logFile: logOf('sentry'),
            })
          ).proc
        },
        ready: http(50011),
      },
    )

  const scheduler = (): Unit =>
    unit(
      'scheduler',
      { grpc: 50006, health: 50016, metrics: 50026, etcd: 52379, 'etcd-peer': 52380 },
      {
        after: ['sentry'],
        start: async () => {
          const mtls = {
            trustAnchorsFile: join(project.certificates, 'ca.crt'),
            sentryAddress: '127.0.0.1:50001',
          }
          return (
            await startScheduler({
              path: parts.scheduler.path,
              dir: dir('scheduler'),
              mtls,
              logFile: logOf('scheduler'),
            })
          ).proc
        },
        ready: http(50016),
      },
    )

  return [
    postgres(),
    ...(uses('pubsub.jetstream', resources) ? [nats()] : []),
    mail(),
    provider(),
    sentry(),
    scheduler(),
  ]
}
