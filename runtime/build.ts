import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { output } from './processes.ts'
import { pins, type PartName } from './versions.ts'

/** One Go module of `runtime/`, which pins a program's source, and about how many packages a first build compiles. */
type Module = { folder: string; about: number; flags: readonly string[]; packages: Partial<Record<PartName, string>> }

const dapr = 'github.com/dapr/dapr'

const modules: readonly Module[] = [
  {
    folder: 'dapr',
    about: 3000,
    flags: ['-tags', 'allcomponents', '-ldflags', `-s -w -X ${dapr}/pkg/buildinfo.version=${pins.daprd.version}`],
    packages: { daprd: `${dapr}/cmd/daprd`, sentry: `${dapr}/cmd/sentry`, scheduler: `${dapr}/cmd/scheduler` },
  },
  {
    folder: 'dapr-cli',
    about: 1300,
    flags: ['-ldflags', `-s -w -X main.version=${pins.dapr.version} -X main.apiVersion=1.0`],
    packages: { dapr: 'github.com/dapr/cli' },
  },
  { folder: 'nats', about: 250, flags: ['-ldflags', '-s -w'], packages: { 'nats-server': 'github.com/nats-io/nats-server/v2' } },
]

export type BuildOptions = {
  /** Where temporary files go. */
  dir: string
  /** Called for each package compiled or module downloaded. */
  onPackage?: (done: number, total: number, what: string) => void
  env?: Record<string, string | undefined>
}

/** The parts of `names` grouped so that each group is one `go build`. */
export function buildGroups(names: readonly PartName[]): PartName[][] {
  return modules.map(({ packages }) => names.filter((name) => packages[name])).filter((group) => group.length > 0)
}

/**
 * Builds parts of one group from their pinned Go module. Answers the files in a fresh folder below `dir`, which the
 * caller removes. Throws, leaving nothing behind, if Go is missing or the build fails (with its last lines).
 */
export async function build(names: readonly PartName[], options: BuildOptions): Promise<Map<PartName, string>> {
  const module = moduleOf(names)
  const env = { ...process.env, ...options.env, GOFLAGS: '-mod=readonly', GOWORK: 'off', CGO_ENABLED: '0' }
  await assertGo(env)
  const folder = await mkdtemp(join(options.dir, '.build-'))
  try {
    await goBuild(module, names, folder, env, options)
    return new Map(names.map((name) => [name, built(module, name, folder)]))
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function moduleOf(names: readonly PartName[]): Module {
  const module = modules.find(({ packages }) => names.every((name) => packages[name]))
  if (!module) throw new Error(`${names.join(', ')} are not built together`)
  return module
}

async function assertGo(env: NodeJS.ProcessEnv): Promise<void> {
  await output('go', ['version'], 15_000, { env }).catch(() => {
    throw new Error('Go is not installed')
  })
}

// `go build -o folder/` names a file after the last element of its package's path that is not a version.
function built(module: Module, name: PartName, folder: string): string {
  const path = (module.packages[name] ?? '').replace(/\/v\d+$/, '')
  return join(folder, basename(path))
}

function goBuild(module: Module, names: readonly PartName[], folder: string, env: NodeJS.ProcessEnv, { onPackage }: BuildOptions): Promise<void> {
  const packages = names.flatMap((name) => module.packages[name] ?? [])
  const cwd = join(import.meta.dirname, module.folder)
  if (!existsSync(join(cwd, 'go.mod'))) throw new Error(`${cwd} has no go.mod`)
  const go = spawn('go', ['build', '-v', '-trimpath', '-buildvcs=false', ...module.flags, '-o', `${folder}/`, ...packages], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const last: string[] = []
  let done = 0
  createInterface(go.stderr).on('line', (line) => {
    last.splice(0, Math.max(0, last.length - 11))
    last.push(line)
    if (!line.startsWith('go: ')) done += 1
    onPackage?.(done, Math.max(module.about, done), line)
  })
  const stop = () => go.kill()
  process.once('exit', stop)
  return new Promise((resolve, reject) => {
    go.on('error', reject)
    go.on('close', (code, signal) => {
      process.removeListener('exit', stop)
      code === 0 ? resolve() : reject(new Error(`go build ended with ${signal ?? code}:\n${last.join('\n')}`))
    })
  })
}
