import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertFree } from '@sidecart/platform/process/ports.ts'
import { accepts, startAndWait } from '@sidecart/platform/process/start-process.ts'
import { run } from '../deploy/engine.ts'
import { programOf } from './programs.ts'

const [etcdPort, peerPort, apiPort] = [12379, 12380, 16443]
const token = 'only-for-this-test'

export type ApiServer = {
  /** Runs kubectl as administrator and returns its output. @throws Error with what kubectl printed */
  kubectl(args: readonly string[], input?: string): Promise<string>
  stop(): Promise<void>
}

/** Starts etcd and a Kubernetes API server on this machine, with data of their own and nothing behind them: no node. */
export async function startApiServer(): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-kubernetes-'))
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return join(folder, name)
  }
  await assertFree('Kubernetes', [etcdPort, peerPort, apiPort])
  const etcdUrl = `http://127.0.0.1:${etcdPort}`
  const etcd = await startAndWait(
    {
      name: 'etcd',
      command: await programOf('etcd'),
      args: [
        ...['--data-dir', join(folder, 'etcd'), '--log-level', 'error'],
        ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
        ...['--listen-peer-urls', `http://127.0.0.1:${peerPort}`],
      ],
      logFile: join(folder, 'etcd.log'),
    },
    { ports: [etcdPort], ready: () => accepts(etcdPort) },
  )
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = file('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
  const kubeconfig = file('kubeconfig', configFor(token))
  const kubectlPath = await programOf('kubectl')
  const kubectl = (args: readonly string[], input = '') =>
    run(kubectlPath, ['--kubeconfig', kubeconfig, ...args], { input, timeout: 120_000 })
  const api = await startAndWait(
    {
      name: 'kube-apiserver',
      command: await programOf('kube-apiserver'),
      args: [
        ...['--etcd-servers', etcdUrl, '--cert-dir', join(folder, 'certificates')],
        ...['--bind-address', '127.0.0.1', '--secure-port', String(apiPort)],
        ...[
          '--service-account-issuer',
          'https://kubernetes',
          '--service-cluster-ip-range',
          '10.96.0.0/16',
        ],
        ...['--service-account-signing-key-file', key, '--service-account-key-file', key],
        ...['--token-auth-file', file('tokens', `${token},admin,admin,system:masters\n`)],
        ...['--authorization-mode', 'RBAC', '--v', '0'],
      ],
      logFile: join(folder, 'kube-apiserver.log'),
    },
    {
      ports: [apiPort],
      ready: () =>
        kubectl(['get', 'namespace', 'default']).then(
          () => true,
          () => false,
        ),
      timeoutMs: 120_000,
    },
  )
  return {
    kubectl,
    async stop() {
      await api.stop()
      await etcd.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The certificate of the server is its own; the connection does not leave this machine. */
const configFor = (bearer: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: `https://127.0.0.1:${apiPort}`, 'insecure-skip-tls-verify': true },
      },
    ],
    users: [{ name: 'admin', user: { token: bearer } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  })

/** Returns the folder of Dapr's module, which has the chart and the definitions of its resources. */
export function daprModule(version: string): string {
  const args = ['mod', 'download', '-json', `github.com/dapr/dapr@v${version}`]
  const { Dir } = JSON.parse(execFileSync('go', args, { encoding: 'utf8' })) as { Dir: string }
  return Dir
}
