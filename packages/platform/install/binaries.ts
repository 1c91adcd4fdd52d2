import { mkdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { withLock } from './file-lock.ts'
import type { Places } from './find.ts'
import {
  building,
  downloading,
  installed,
  type Outcome,
  type Part,
  type Way,
  type WayOptions,
} from './install-strategies.ts'
import type { PartName } from './versions.ts'

export type { Part } from './install-strategies.ts'

export type PartOptions = Partial<Places> & WayOptions

/** No strategy provided a part. The message lists every strategy with the reason of its failure, and the next step. */
export class PartError extends Error {
  override name = 'PartError'
}

/** Returns one part: found, else downloaded and verified, else built. See `ensureParts`. */
export async function ensurePart(name: PartName, options: PartOptions = {}): Promise<Part> {
  const [part] = await ensureParts([name], options)
  return part as Part
}

/**
 * Returns every named part, in the given order. Uses installed parts of a fitting version; downloads the rest from the
 * official releases and verifies the archives, or builds from the pinned Go module, under a lock in the project. Throws
 * PartError. `project` defaults to this repository, `home` to DAPR_RUNTIME_PATH or the user's home.
 */
export async function ensureParts(
  names: readonly PartName[],
  options: PartOptions = {},
): Promise<Part[]> {
  const places = placesOf(options)
  const first = await installed.get(names, { places, dir: '', ...options })
  const parts = first.every(isPart) ? first : await fetchMissing(names, places, options)
  return names.map((name) => parts.find((part) => part.name === name) as Part)
}

/** Defaults for folders and environment. */
function placesOf({ home, project, env = process.env }: Partial<Places>): Places {
  return {
    env,
    home: resolve(home ?? (env.DAPR_RUNTIME_PATH || homedir())),
    project: resolve(project ?? join(import.meta.dirname, '../../..')),
  }
}

// Another process may have installed the part while this one waited for the lock: every strategy is tried again.
function fetchMissing(
  names: readonly PartName[],
  places: Places,
  options: PartOptions,
): Promise<Part[]> {
  const own = join(places.project, '.sidecart')
  return withLock(
    join(own, 'runtime.lock'),
    () => inFolder(join(own, 'tmp'), (dir) => tryWays(names, places, dir, options)),
    options,
  )
}

async function inFolder<T>(dir: string, work: (dir: string) => Promise<T>): Promise<T> {
  const clear = () => rm(dir, { recursive: true, force: true })
  await clear()
  await mkdir(dir, { recursive: true })
  return work(dir).finally(clear)
}

async function tryWays(
  names: readonly PartName[],
  places: Places,
  dir: string,
  options: PartOptions,
): Promise<Part[]> {
  const got: Part[] = []
  const refused: { name: PartName; why: string }[] = []
  for (const way of [installed, downloading, building]) {
    const missing = names.filter((name) => !got.some((part) => part.name === name))
    for (const outcome of await way.get(missing, { places, dir, ...options })) {
      if (isPart(outcome)) got.push(outcome)
      else refused.push(explained(way, outcome, options))
    }
  }
  const failed = names.filter((name) => !got.some((part) => part.name === name))
  if (failed.length > 0)
    throw new PartError(failed.map((name) => failure(name, refused)).join('\n\n'))
  return got
}

function explained(
  { label }: Way,
  { name, why }: { name: PartName; why: string },
  { log }: PartOptions,
) {
  log?.(`${name}: ${label}: ${why.split('\n')[0]}`)
  return { name, why: `${label}: ${why.replaceAll('\n', '\n      ')}` }
}

function failure(name: PartName, refused: readonly { name: PartName; why: string }[]): string {
  const reasons = refused.filter((refusal) => refusal.name === name).map(({ why }) => `  - ${why}`)
  return [`${name} could not be made ready:`, ...reasons, ...advice(name)].join('\n')
}

function advice(name: PartName): string[] {
  const install = name === 'nats-server' ? 'nats-server on the PATH' : `${name} in ~/.dapr/bin`
  return [
    'Any one of these helps:',
    `  - put a fitting ${install}`,
    '  - allow this machine to reach https://github.com, or set SIDECART_DOWNLOAD_MIRROR to a server with the same paths',
    '  - install Go (https://go.dev/dl), so that it is built from its source',
  ]
}

function isPart(outcome: Outcome): outcome is Part {
  return 'path' in outcome
}
