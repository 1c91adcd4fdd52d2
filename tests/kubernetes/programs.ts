import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { assertGo } from '@sidecart/platform/install/build.ts'
import { withLock } from '@sidecart/platform/install/file-lock.ts'
import { output } from '@sidecart/platform/process/spawn.ts'
import { root } from '../architecture/tree.ts'

const folder = join(import.meta.dirname, 'programs')
const version = /k8s.io\/kubernetes v(\d+)\.(\d+)\.(\d+)/.exec(
  readFileSync(join(folder, 'go.mod'), 'utf8'),
)
const stamps = {
  gitVersion: version?.[0].split(' ')[1],
  gitMajor: version?.[1],
  gitMinor: version?.[2],
}
const packages = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
}
type ProgramName = keyof typeof packages

/** Milliseconds for compiling one program on two busy cores, its source included. */
const buildTimeoutMs = 1_500_000

/** Returns why Kubernetes cannot be built here, with what helps; undefined where it can. */
export const whyNotBuilt = (): Promise<string | undefined> =>
  assertGo(process.env).then(
    () => undefined,
    () => 'Go is needed to build Kubernetes from its source: https://go.dev/dl',
  )

/** Returns the path of a program of Kubernetes, built from its Go module at the first call (minutes). */
export async function programOf(name: ProgramName): Promise<string> {
  const sums = createHash('sha256')
    .update(readFileSync(join(folder, 'go.sum')))
    .digest('hex')
  const dir = join(root, '.sidecart/kubernetes-programs', sums.slice(0, 12))
  const path = join(dir, name)
  mkdirSync(dir, { recursive: true })
  await withLock(join(dir, 'lock'), async () => {
    if (!existsSync(path)) await build(name, path)
  })
  return path
}

async function build(name: ProgramName, path: string): Promise<void> {
  const flags = Object.entries(stamps).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  )
  const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', `-s -w ${flags.join(' ')}`]
  const env = { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off', CGO_ENABLED: '0' }
  await output('go', [...args, '-o', `${path}.new`, packages[name]], buildTimeoutMs, {
    cwd: folder,
    env,
  })
  renameSync(`${path}.new`, path)
}
