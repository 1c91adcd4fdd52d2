import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensurePart } from '@sidecart/platform/install/binaries.ts'
import { freePorts, temporaryFolder } from '@sidecart/platform/install/testing.ts'
import { type Proc, spawnDetached, stopProcess } from '@sidecart/platform/process/spawn.ts'
import { onTestFinished } from 'vitest'

export type LoneSidecar = {
  proc: Proc
  logFile: string
  secretsFile: string
  httpPort: number
  grpcPort: number
}

/** Starts a sidecar without an app, with component folders and secrets, until the test ends. */
export async function startSidecar(
  app: string,
  folders: readonly string[],
  secrets: Record<string, string>,
): Promise<LoneSidecar> {
  const folder = await temporaryFolder()
  const [secretsFile, logFile] = [join(folder, 'secrets.json'), join(folder, 'log')]
  await writeFile(secretsFile, JSON.stringify(secrets))
  await writeFile(join(folder, 'secrets.yaml'), secretStore(secretsFile))
  const [httpPort = 0, grpcPort = 0, internal, metrics] = await freePorts(4)
  const flags = {
    'app-id': app,
    'dapr-http-port': httpPort,
    'dapr-grpc-port': grpcPort,
    'dapr-internal-grpc-port': internal,
    'metrics-port': metrics,
  }
  const proc = spawnDetached({
    name: 'daprd',
    command: (await ensurePart('daprd')).path,
    args: [
      ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
      ...[folder, ...folders].flatMap((path) => ['--resources-path', path]),
    ],
    env: { DAPR_HOST_IP: '127.0.0.1' },
    logFile,
  })
  onTestFinished(async () => void (await stopProcess(proc)))
  return { proc, logFile, secretsFile, httpPort, grpcPort }
}

const secretStore = (file: string) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: secrets }
spec:
  type: secretstores.local.file
  version: v1
  metadata: [{ name: secretsFile, value: ${file} }]
`
