import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { output } from '../process/spawn.ts'
import type { Step } from './progress.ts'
import { type PartName, pins } from './versions.ts'

/** A Go module of `runtime/` with pinned source, and the approximate number of packages in a first build. */
type Module = {
  folder: string
  about: number
  /**
   * The module whose own source is built, without the files matching `without`; if absent, `folder` itself is built.
   */
  source?: {
    path: string
    version: string
    sum: string
    without: { folder: string; files: RegExp }
  }
  flags: readonly string[]
  packages: Partial<Record<PartName, string>>
}

const run = promisify(execFile)
const dapr = 'github.com/dapr/dapr'

// Go drops linker flags when paths are trimmed. sentry and scheduler have no `--version`, so the version is written in
// place of the commit, where `versionInside` reads.
const daprVersion = pins.daprd.version
const daprStamp = `-X ${dapr}/pkg/buildinfo.version=${daprVersion} -X ${dapr}/pkg/buildinfo.gitcommit=pkg/buildinfo.version=${daprVersion};`

const modules: readonly Module[] = [
  {
    folder: 'dapr',
    about: 3000,
    // The Pulsar component needs a module that some proxies do not serve (iskorotkov/avro v2.33.1): a daprd built here
    // lacks `pubsub.pulsar`, which no component set of this project uses. All other code is the official source.
    source: {
      path: dapr,
      version: `v${daprVersion}`,
      sum: 'h1:iVTqJHRfJlUfiSyhJH4c1mJZ+4PH3cf/QwJcAJL2ROo=',
      without: { folder: 'cmd/daprd/components', files: /^pubsub_pulsar.*\.go$/ },
    },
    flags: ['-tags', 'allcomponents', '-ldflags', `-s -w ${daprStamp}`],
    packages: {
      daprd: `${dapr}/cmd/daprd`,
      sentry: `${dapr}/cmd/sentry`,
      scheduler: `${dapr}/cmd/scheduler`,
    },
  },
  {
    folder: 'dapr-cli',
    about: 1300,
    flags: ['-ldflags', `-s -w -X main.version=${pins.dapr.version} -X main.apiVersion=1.0`],
    packages: { dapr: 'github.com/dapr/cli' },
  },
  {
    folder: 'nats',
    about: 250,
    flags: ['-ldflags', '-s -w'],
    packages: { 'nats-server': 'github.com/nats-io/nats-server/v2' },
  },
]

/** Milliseconds for downloading the source of a module (a few megabytes). */
const fetchTimeoutMs = 120_000

type BuildStep = Omit<Step, 'part'>

export type BuildOptions = {
  /** Folder for temporary files. */
  dir: string
  /** Called at the start, then for each source module fetched and each package compiled. */
  onStep?: (step: BuildStep) => void
  env?: Record<string, string | undefined>
}

/** Returns `names` in groups; each group is one `go build`. */
export function buildGroups(names: readonly PartName[]): PartName[][] {
  return modules
    .map(({ packages }) => names.filter((name) => packages[name]))
    .filter((group) => group.length > 0)
}

/**
 * Builds the parts of one group from their pinned Go module. Returns the files in a new folder below `dir`; the caller
 * removes the folder. Throws with the last lines of a failed build and leaves no files behind.
 */
export async function build(
  names: readonly PartName[],
  options: BuildOptions,
): Promise<Map<PartName, string>> {
  const module = moduleOf(names)
  const env = {
    ...process.env,
    ...options.env,
    GOFLAGS: '-mod=readonly',
    GOWORK: 'off',
    CGO_ENABLED: '0',
  }
  const folder = await mkdtemp(join(options.dir, '.build-'))
  try {
    await goBuild(module, names, folder, env, options.onStep)
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

/** Throws unless Go can be run. */
export async function assertGo(env: NodeJS.ProcessEnv): Promise<void> {
  await output('go', ['version'], 15_000, { env }).catch(() => {
    throw new Error('Go is not installed')
  })
}

function fetched(done: number): BuildStep {
  return { step: 'fetching', unit: 'modules', done }
}

function compiled(done: number, about: number): BuildStep {
  return { step: 'building', unit: 'packages', done, total: Math.max(about, done) }
}

// `go build -o folder/` names a file after the last element of its package path, version suffixes excluded.
function built(module: Module, name: PartName, folder: string): string {
  const path = (module.packages[name] ?? '').replace(/\/v\d+$/, '')
  return join(folder, basename(path))
}

async function goBuild(
  module: Module,
  names: readonly PartName[],
  folder: string,
  env: NodeJS.ProcessEnv,
  onStep: (step: BuildStep) => void = () => {},
): Promise<void> {
  onStep(fetched(0))
  const packages = names.flatMap((name) => module.packages[name] ?? [])
  const pinned = join(import.meta.dirname, module.folder)
  const cwd = module.source ? await copyOf(module.source, folder, env) : pinned
  const modfile = module.source ? [`-modfile=${join(pinned, 'go.mod')}`] : []
  const flags = ['-v', '-trimpath', '-buildvcs=false', ...modfile, ...module.flags]
  const go = spawn('go', ['build', ...flags, '-o', `${folder}/`, ...packages], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stop = () => go.kill()
  process.once('exit', stop)
  const lines: string[] = []
  const step = counting(module.about)
  createInterface(go.stderr).on('line', (line) => {
    lines.push(line)
    onStep(step(line))
  })
  const end = await ended(go).finally(() => process.removeListener('exit', stop))
  if (end !== 0) throw new Error(`go build ended with ${end}:\n${lines.slice(-12).join('\n')}`)
}

/**
 * Copies a module's published source to `folder`, without the excluded files. Throws unless the pinned checksum
 * matches.
 */
async function copyOf(
  { path, version, sum, without }: NonNullable<Module['source']>,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const options = { env: { ...env, GOFLAGS: '-mod=mod' }, cwd: folder, timeout: fetchTimeoutMs }
  const { stdout } = await run('go', ['mod', 'download', '-json', `${path}@${version}`], options)
  const got = JSON.parse(stdout) as { Dir: string; Sum: string }
  if (got.Sum !== sum) throw new Error(`${path} ${version} has the sum ${got.Sum}, not ${sum}`)
  const copy = join(folder, 'source')
  await cp(got.Dir, copy, { recursive: true })
  const components = join(copy, without.folder)
  await chmod(components, 0o755)
  for (const file of await readdir(components))
    if (without.files.test(file)) await rm(join(components, file))
  return copy
}

function ended(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
}

// `go build -v` names each compiled package; lines of the go tool itself concern modules.
function counting(about: number): (line: string) => BuildStep {
  let [modules, packages] = [0, 0]
  return (line) => {
    if (line.startsWith('go: ')) return fetched(++modules)
    return compiled(++packages, about)
  }
}
