import { assertGo, build, buildGroups } from './build.ts'
import { fetchRelease, Unreachable } from './download.ts'
import { askVersion, type Found, findPart, type Places } from './find.ts'
import { install } from './install.ts'
import type { Report } from './progress.ts'
import { downloadBase, platformOf, releaseOf } from './releases.ts'
import { misfit, type PartName } from './versions.ts'

type How = 'found' | 'downloaded' | 'built'
export type Part = Found & { name: PartName; how: How }
export type Outcome = Part | { name: PartName; why: string }

export type WayOptions = {
  log?: ((line: string) => void) | undefined
  progress?: ((report: Report) => void) | undefined
  /** Longest silence of a server in milliseconds (default 5,000). */
  stallMs?: number | undefined
}

type Context = WayOptions & { places: Places; dir: string }

/** Returns a part or a reason for each name; does not throw for causes outside the project. */
export type Way = {
  label: string
  get(names: readonly PartName[], context: Context): Promise<Outcome[]>
}

/** Finds installed parts with a fitting version. */
export const installed: Way = {
  label: 'installed',
  get: (names, { places }) =>
    Promise.all(
      names.map(async (name) => {
        const found = await findPart(name, places)
        return 'path' in found
          ? { name, ...found, how: 'found' as const }
          : { name, why: found.reasons.join('; ') }
      }),
    ),
}

/** Downloads the official release, verified against the pinned SHA-256, else against the published one. */
export const downloading: Way = {
  label: 'download',
  async get(names, context) {
    const outcomes: Outcome[] = []
    let unreachable: string | undefined
    for (const name of names) {
      const outcome = await attempt(name, async () => {
        if (unreachable) throw new Error(unreachable)
        return downloaded(name, context)
      })
      if ('why' in outcome && outcome.error instanceof Unreachable) unreachable = outcome.why
      outcomes.push(outcome)
    }
    return outcomes
  },
}

async function downloaded(name: PartName, context: Context): Promise<Part> {
  const { places, dir, log, progress, stallMs } = context
  const platform = platformOf(process.platform, process.arch)
  if (!platform) throw new Error(`nothing is published for ${process.platform} on ${process.arch}`)
  const release = releaseOf(name, platform, downloadBase(places.env))
  log?.(`${name}: downloading ${release.archiveUrl}`)
  const onBytes = (done: number, total?: number) =>
    progress?.({ part: name, step: 'downloading', unit: 'bytes', done, total })
  try {
    const pinnedOnly = Boolean(places.env.SIDECART_PINNED_ONLY)
    const file = await fetchRelease(release, { dir, onBytes, stallMs, pinnedOnly, log })
    return await placed(name, file, context, 'downloaded')
  } finally {
    progress?.({ part: name, step: 'ended' })
  }
}

/** Compiles the pinned source with Go. Parts of one module share one build. */
export const building: Way = {
  label: 'build',
  async get(names, context) {
    const outcomes: Outcome[] = []
    for (const group of buildGroups(names)) {
      outcomes.push(...(await built(group, context)))
    }
    return outcomes
  },
}

async function built(group: readonly PartName[], context: Context): Promise<Outcome[]> {
  const part = group.join(', ')
  try {
    await assertGo(context.places.env)
    context.log?.(`${part}: building from source with Go; the first time takes minutes`)
    const files = await build(group, {
      dir: context.dir,
      env: context.places.env,
      onStep: (step) => context.progress?.({ part, ...step }),
    })
    return await Promise.all(
      [...files].map(([name, file]) => attempt(name, () => placed(name, file, context, 'built'))),
    )
  } catch (error) {
    return group.map((name) => ({ name, why: (error as Error).message }))
  } finally {
    context.progress?.({ part, step: 'ended' })
  }
}

async function placed(
  name: PartName,
  file: string,
  { places, log }: Context,
  how: How,
): Promise<Part> {
  const version = await askVersion(name, file)
  const fault = misfit(name, version)
  if (fault) throw new Error(`what came is not what was asked for: ${fault}`)
  const path = await install(name, file, places)
  log?.(`${name} ${version}: ${how}, now in ${path}`)
  return { name, path, version, how }
}

async function attempt(
  name: PartName,
  get: () => Promise<Part>,
): Promise<Part | { name: PartName; why: string; error: unknown }> {
  try {
    return await get()
  } catch (error) {
    return { name, why: (error as Error).message, error }
  }
}
