import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import { ensureIdentities, identityFile } from '@sidecart/platform/config/identity/identities.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { ensurePart } from '@sidecart/platform/install/binaries.ts'
import { freePorts } from '@sidecart/platform/install/testing.ts'
import { spawnDetached, stopProcess } from '@sidecart/platform/process/spawn.ts'
import { startSentry } from '@sidecart/platform/servers/dapr-control-plane.ts'
import { until } from '@sidecart/testing/until.ts'

const root = join(import.meta.dirname, '../..')

/** What has to end when a test is over, the last first. */
export type End = () => unknown

export type Asked = { method: string; path: string; headers: IncomingMessage['headers'] }

/** An app that answers everything with 200, as a URL parser reads it: nothing of ours stands between it and a path. */
export async function openCarelessApp(ends: End[]): Promise<{ port: number; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    asked.push({ method, path: new URL(url, 'http://app').pathname, headers })
    incoming.resume()
    outgoing.writeHead(200, { 'x-request-id': 'careless' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, asked }
}

export type Sidecar = { app: string; httpPort: number; grpcPort: number }

type SidecarOptions = {
  edit?: (configuration: string) => string
  namespace?: string
  proofOf?: string
  /** Folders of components. */
  resources?: readonly string[]
}

/** The configuration of an authority that signs for every process; the shop's own asks for proof. */
const careless = 'components/common/configuration/gateway.yaml'
export const demanding = 'components/sentry.yaml'

/**
 * An authority of the test's own, and sidecars that it gives identities, until `ends` are carried out.
 *
 * @param namesFile of another mesh, to find its sidecars
 * @param authority the authority's configuration
 */
export async function openMesh(
  ends: End[],
  { namesFile, authority = careless }: { namesFile?: string; authority?: string } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-mesh-'))
  ends.push(() => rm(folder, { recursive: true, force: true }))
  const [port = 0, healthPort = 0] = await freePorts(2)
  const project = projectAt(root, { home: folder })
  await ensureIdentities(project, [])
  const sentry = await startSentry({
    path: (await ensurePart('sentry')).path,
    dir: project.certificates,
    configFile: join(root, authority),
    port,
    healthPort,
    logFile: join(folder, 'sentry.log'),
  })
  ends.push(() => sentry.stop())
  const daprd = (await ensurePart('daprd')).path
  // the committed resolver with its intervals, and a file of this mesh: a busy machine must not lose an entry
  const names = namesFile ?? join(folder, 'names.sqlite')
  const withNames = (text: string) => {
    const replaced = text.replace(
      /connectionString: .*/,
      `connectionString: ${JSON.stringify(names)}`,
    )
    if (replaced === text) throw new Error('a configuration without a names file')
    return replaced
  }

  /**
   * @param edit changes the configuration of the app before the sidecar reads it
   * @param resources folders of components
   * @param proofOf the app whose proof of identity the sidecar shows; without one it shows none
   * @throws Error when the authority gives the sidecar no identity
   */
  async function sidecarOf(
    app: string,
    appPort?: number,
    { edit = (text) => text, namespace = 'default', proofOf, resources = [] }: SidecarOptions = {},
  ): Promise<Sidecar> {
    if (proofOf) await ensureIdentities(project, [proofOf])
    const [http = 0, grpc = 0, internal = 0, metrics = 0] = await freePorts(4)
    const folderOfAll = join(root, 'components/common/configuration')
    const committed = existsSync(join(folderOfAll, `${app}.yaml`)) ? app : 'gateway'
    const configuration = join(folder, `${app}-${http}.yaml`)
    const text = readFileSync(join(folderOfAll, `${committed}.yaml`), 'utf8')
    writeFileSync(configuration, withNames(edit(text)))
    const flags = {
      'app-id': app,
      'dapr-http-port': http,
      'dapr-grpc-port': grpc,
      'dapr-internal-grpc-port': internal,
      'dapr-listen-addresses': '127.0.0.1',
      'metrics-port': metrics,
      'metrics-listen-address': '127.0.0.1',
      'sentry-address': sentry.address,
      'control-plane-trust-domain': 'localhost',
      'log-level': 'warn',
      ...(appPort !== undefined && { 'app-port': appPort, 'app-channel-address': '127.0.0.1' }),
    }
    const logFile = join(folder, `${app}-${http}.log`)
    const proc = spawnDetached({
      name: `daprd of ${app}`,
      command: daprd,
      args: [
        '--enable-mtls',
        ...['--config', configuration],
        ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
        ...resources.flatMap((path) => ['--resources-path', path]),
      ],
      env: {
        NAMESPACE: namespace,
        DAPR_HOST_IP: '127.0.0.1',
        DAPR_TRUST_ANCHORS: sentry.trustAnchors,
        DAPR_SENTRY_TOKEN_FILE: proofOf && identityFile(project, proofOf),
      },
      logFile,
    })
    ends.push(() => stopProcess(proc))
    await until(
      `the sidecar of ${app} is ready`,
      async () => {
        if (
          /error from sentry SignCertificate|error obtaining token/.test(readIfThere(logFile) ?? '')
        )
          throw new Error(`the sidecar of ${app} got no identity`)
        const url = `http://127.0.0.1:${http}/v1.0/healthz/outbound`
        return (await fetch(url).catch(() => undefined))?.status === 204
      },
      30_000,
    )
    return { app, httpPort: http, grpcPort: grpc }
  }
  return { sidecarOf, namesFile: names }
}

/** A call with its path as it stands: `fetch` would clean it first. */
export function invoke(
  through: { httpPort: number; token?: string },
  app: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  return send(through.httpPort, method, path, {
    'dapr-app-id': app,
    ...(through.token && { 'dapr-api-token': through.token }),
    ...headers,
  })
}

export function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string | string[]> = {},
  body?: string,
): Promise<{ status: number; text: string; headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          headers: incoming.headers,
        }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
