import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { ensureRuntime, type Runtime } from '../install/ensure.ts'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { type Proc, spawnDetached, stopProcess, until } from '../process/spawn.ts'
import { answers } from '../process/start-process.ts'
import { startScheduler, startSentry } from './dapr-control-plane.ts'

let runtime: Runtime

beforeAll(async () => {
  runtime = await ensureRuntime({ names: ['daprd', 'sentry', 'scheduler'] })
}, 1_200_000)

const configuration = `apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: { name: test }
spec: { mtls: { enabled: true } }
`

async function place() {
  const folder = await temporaryFolder()
  const configFile = join(folder, 'config.yaml')
  await writeFile(configFile, configuration)
  return { folder, configFile, log: (name: string) => join(folder, `${name}.log`) }
}

function stoppedAtEnd(proc: Proc): void {
  onTestFinished(async () => void (await stopProcess(proc)))
}

async function sentryIn({ folder, configFile, log }: Awaited<ReturnType<typeof place>>) {
  const [port = 0, healthPort = 0] = await freePorts(2)
  const { path } = runtime.parts.sentry
  const sentry = await startSentry({
    path,
    dir: join(folder, 'certificates'),
    configFile,
    port,
    healthPort,
    logFile: log('sentry'),
  })
  stoppedAtEnd(sentry.proc)
  return sentry
}

test('a sidecar with mTLS becomes healthy beside sentry and scheduler', async () => {
  const here = await place()
  const sentry = await sentryIn(here)
  const [port = 0, healthPort = 0, metricsPort = 0, etcdClientPort = 0, etcdPeerPort = 0] =
    await freePorts(5)
  const scheduler = await startScheduler({
    ...{ port, healthPort, metricsPort, etcdClientPort, etcdPeerPort },
    path: runtime.parts.scheduler.path,
    dir: join(here.folder, 'scheduler'),
    mtls: { trustAnchorsFile: sentry.trustAnchorsFile, sentryAddress: sentry.address },
    logFile: here.log('scheduler'),
  })
  stoppedAtEnd(scheduler.proc)
  const [http = 0, grpc = 0, internal = 0] = await freePorts(3)
  await mkdir(join(here.folder, 'components'))
  const daprd = spawnDetached({
    name: 'daprd',
    command: runtime.parts.daprd.path,
    args: [
      ...['--app-id', 'test', '--enable-mtls', '--sentry-address', sentry.address],
      ...['--scheduler-host-address', scheduler.address, '--placement-host-address', ''],
      ...['--config', here.configFile, '--resources-path', join(here.folder, 'components')],
      ...[
        '--dapr-http-port',
        `${http}`,
        '--dapr-grpc-port',
        `${grpc}`,
        '--dapr-internal-grpc-port',
        `${internal}`,
      ],
      ...['--dapr-listen-addresses', '127.0.0.1', '--enable-metrics=false'],
    ],
    // without an explicit address a sidecar looks for a network, and a machine may have none
    env: {
      DAPR_TRUST_ANCHORS: sentry.trustAnchors,
      NAMESPACE: 'default',
      DAPR_HOST_IP: '127.0.0.1',
    },
    logFile: here.log('daprd'),
  })
  stoppedAtEnd(daprd)
  await until(() => answers(`http://127.0.0.1:${http}/v1.0/healthz`), {
    timeoutMs: 25_000,
    what: 'a healthy sidecar',
  })
})

test('the certificate authority stays the same over a restart', async () => {
  const here = await place()
  const first = await sentryIn(here)
  expect(first.trustAnchors).toMatch(/^-----BEGIN CERTIFICATE-----/)
  await first.stop()
  expect((await sentryIn(here)).trustAnchors).toBe(first.trustAnchors)
})
