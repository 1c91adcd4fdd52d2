import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { answers, type Started, startAndWait } from '../process/start-process.ts'

const local = '127.0.0.1'

/** Trust domain in every certificate of the shop, assumed by `dapr run`. */
const trustDomain = 'localhost'

export type SentryOptions = {
  /** Path of the program, from `ensureRuntime`. */
  path: string
  /** Folder of the certificate authority: ca.crt, issuer.crt, issuer.key, from `ensureAuthority`. */
  dir: string
  /** File with a Dapr Configuration with `spec.mtls`. */
  configFile: string
  port: number
  healthPort: number
  logFile: string
}

export type Sentry = Started & { trustAnchors: string; trustAnchorsFile: string; address: string }

/**
 * Starts Dapr's certificate authority on 127.0.0.1 and reads the trust anchors (PEM, for DAPR_TRUST_ANCHORS). Throws
 * when a port is taken or sentry does not become healthy.
 */
export async function startSentry(options: SentryOptions): Promise<Sentry> {
  const { path, port, healthPort, logFile } = options
  const [dir, configFile] = [resolve(options.dir), resolve(options.configFile)]
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const args = [
    ...['--issuer-credentials', dir, '--trust-domain', trustDomain, '--config', configFile],
    ...listening(port, healthPort),
    // Sentry serves metrics on every interface and ignores a listen address.
    '--enable-metrics=false',
  ]
  const started = await startAndWait(
    { name: 'sentry', command: path, args, cwd: dir, env: { NAMESPACE: 'default' }, logFile },
    { ports: [port, healthPort], ready: () => healthy(healthPort) },
  )
  const trustAnchorsFile = join(dir, 'ca.crt')
  return {
    ...started,
    trustAnchorsFile,
    trustAnchors: await readFile(trustAnchorsFile, 'utf8'),
    address: `${local}:${port}`,
  }
}

type Mtls = {
  trustAnchorsFile: string
  sentryAddress: string
  /** Signed token that identifies the scheduler to sentry. */
  tokenFile?: string
}

export type SchedulerOptions = {
  path: string
  /** Folder of the jobs (an embedded etcd) and of the scheduler's own certificate. */
  dir: string
  port: number
  healthPort: number
  metricsPort: number
  etcdClientPort: number
  etcdPeerPort: number
  /** From `startSentry`, when the sidecars use mTLS. */
  mtls?: Mtls | undefined
  logFile: string
}

/**
 * Starts Dapr's scheduler on 127.0.0.1; sidecars are never healthy without a scheduler. Throws when a port is taken or
 * the scheduler does not become healthy.
 */
export async function startScheduler(
  options: SchedulerOptions,
): Promise<Started & { address: string }> {
  const { port, healthPort, metricsPort, etcdClientPort, etcdPeerPort, mtls, path, logFile } =
    options
  const dir = resolve(options.dir)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const id = 'dapr-scheduler-server-0'
  const args = [
    ...['--id', id, '--override-broadcast-host-port', `${local}:${port}`],
    ...['--etcd-data-dir', join(dir, 'etcd'), '--etcd-client-port', String(etcdClientPort)],
    ...[
      '--etcd-client-listen-address',
      local,
      '--etcd-initial-cluster',
      `${id}=http://${local}:${etcdPeerPort}`,
    ],
    ...['--identity-directory-write', join(dir, 'identity')],
    ...listening(port, healthPort),
    ...['--metrics-port', String(metricsPort), '--metrics-listen-address', local],
    // A single member waits for no other: ready a second earlier.
    '--etcd-initial-election-tick-advance',
    ...(mtls ? tls(mtls) : []),
  ]
  const started = await startAndWait(
    {
      name: 'scheduler',
      command: path,
      args,
      cwd: dir,
      env: {
        NAMESPACE: 'default',
        ...(mtls?.tokenFile && { DAPR_SENTRY_TOKEN_FILE: mtls.tokenFile }),
      },
      logFile,
    },
    {
      ports: [port, healthPort, metricsPort, etcdClientPort, etcdPeerPort],
      ready: () => healthy(healthPort),
      timeoutMs: 60_000,
    },
  )
  return { ...started, address: `${local}:${port}` }
}

function tls({ trustAnchorsFile, sentryAddress }: Mtls): string[] {
  return [
    '--tls-enabled',
    '--trust-domain',
    trustDomain,
    '--trust-anchors-file',
    resolve(trustAnchorsFile),
    '--sentry-address',
    sentryAddress,
  ]
}

// Dapr 1.18.3 ignores the last argument (dapr#10394 changes that): the health page, which serves nothing else, is open on
// every interface. See docs/ports.md.
function listening(port: number, healthPort: number): string[] {
  return [
    '--port',
    String(port),
    '--listen-address',
    local,
    '--healthz-port',
    String(healthPort),
    '--healthz-listen-address',
    local,
  ]
}

function healthy(port: number): Promise<boolean> {
  return answers(`http://${local}:${port}/healthz`)
}
