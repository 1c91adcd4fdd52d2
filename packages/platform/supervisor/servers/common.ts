import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureDatabases, superuserOf } from '../../config/databases.ts'
import { ensureIdentities, identityFile, schedulerId } from '../../config/identity/identities.ts'
import { ensureProjectAuthority } from '../../config/identity/trust-anchors.ts'
import {
  inboxPort,
  postgresPort,
  providerPort,
  realPort,
  schedulerPorts,
  sentryHealthPort,
  sentryPort,
  smtpPort,
} from '../../config/ports.ts'
import type { Project } from '../../config/project.ts'
import { readSecrets } from '../../config/secrets.ts'
import { accepts, startAndWait } from '../../process/start-process.ts'
import { startScheduler, startSentry } from '../../servers/dapr-control-plane.ts'
import { startMail } from '../../servers/mail.ts'
import { startPostgres, stopPostgres } from '../../servers/postgres.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { answersHttp, dirOf, logOf, type ServerOptions, server } from './unit.ts'

/** The services' databases; a configured server is used unchanged. */
export function postgres({ project, secrets }: ServerOptions): ProcessSpec {
  const configured = process.env.SIDECART_POSTGRES_URL
  const password = secrets['postgres-superuser'] ?? ''
  const logFile = logOf(project, 'postgres')
  const port = realPort(postgresPort)
  return server(project, 'postgres', configured ? {} : { sql: port }, {
    start: async () => {
      const dataDir = dirOf(project, 'postgres')
      const given = { dataDir, port, superuserPassword: password, logFile }
      return (await startPostgres(given)).proc
    },
    // current secrets: passwords may have changed since the start of the shop
    prepare: () => {
      const current = readSecrets(project)
      return ensureDatabases(superuserOf(current), current)
    },
    ready: () => (configured ? Promise.resolve(true) : accepts(port)),
    stop: stopPostgres,
  })
}

export function mail({ project }: ServerOptions): ProcessSpec {
  const ports = { smtp: smtpPort, inbox: inboxPort }
  const given = { dir: dirOf(project, 'mail'), logFile: logOf(project, 'mail') }
  return server(project, 'mail', ports, {
    start: async () => (await startMail({ ...given, smtpPort, webPort: inboxPort })).proc,
    ready: answersHttp(inboxPort, '/api/healthz'),
  })
}

export const sandboxOf = ({ root }: Project): string =>
  join(root, 'services/payments/sandbox/main.ts')

/** The sandbox of the payment provider. */
export function provider({ project }: ServerOptions): ProcessSpec {
  const dir = dirOf(project, 'provider')
  const port = realPort(providerPort)
  const program = () => ({
    name: 'provider',
    command: process.execPath,
    args: [sandboxOf(project)],
    cwd: project.root,
    env: {
      PROVIDER_PORT: String(port),
      PROVIDER_API_KEY: readSecrets(project)['provider-api-key'],
      PROVIDER_LOG: join(dir, 'log.jsonl'),
    },
    logFile: logOf(project, 'provider'),
  })
  const ready = answersHttp(port)
  return server(
    project,
    'provider',
    { http: port },
    {
      start: async () => {
        mkdirSync(dir, { recursive: true })
        return (await startAndWait(program(), { ports: [port], ready })).proc
      },
      ready,
    },
  )
}

/** Dapr's certificate authority. */
export function sentry({ project, runtime }: ServerOptions): ProcessSpec {
  const given = {
    port: sentryPort,
    healthPort: sentryHealthPort,
    path: runtime.parts.sentry.path,
    dir: project.certificates,
    configFile: join(project.root, 'components/sentry.yaml'),
    logFile: logOf(project, 'sentry'),
  }
  return server(
    project,
    'sentry',
    { grpc: sentryPort, health: sentryHealthPort },
    {
      start: async () => {
        ensureProjectAuthority(project, { nothingRuns: false })
        return (await startSentry(given)).proc
      },
      ready: answersHttp(sentryHealthPort),
    },
  )
}

/** Dapr's scheduler, without which sidecars are never healthy. */
export function scheduler({ project, runtime, mtls }: ServerOptions): ProcessSpec {
  const { grpc: port, health: healthPort, metrics: metricsPort } = schedulerPorts
  const { etcd: etcdClientPort, 'etcd-peer': etcdPeerPort } = schedulerPorts
  const given = {
    ...{ port, healthPort, metricsPort, etcdClientPort, etcdPeerPort },
    path: runtime.parts.scheduler.path,
    dir: dirOf(project, 'scheduler'),
    mtls: mtls
      ? {
          trustAnchorsFile: join(project.certificates, 'ca.crt'),
          sentryAddress: `127.0.0.1:${sentryPort}`,
          tokenFile: identityFile(project, schedulerId),
        }
      : undefined,
    logFile: logOf(project, 'scheduler'),
  }
  return server(project, 'scheduler', schedulerPorts, {
    after: ['sentry'],
    start: async () => {
      await ensureIdentities(project, [schedulerId])
      return (await startScheduler(given)).proc
    },
    ready: answersHttp(healthPort),
  })
}
