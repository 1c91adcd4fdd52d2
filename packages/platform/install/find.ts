import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { z } from 'zod'
import { output } from '../process/spawn.ts'
import { misfit, type PartName } from './versions.ts'

/** Folders with parts: `home` has `.dapr/bin`, `project` has `.sidecart`; tools are searched in `env.PATH`. */
export type Places = { home: string; project: string; env: Record<string, string | undefined> }

export type Found = { path: string; version: string }

/** Default location of daprd for `dapr run`. */
export const homeBin = ({ home }: Places) => join(home, '.dapr', 'bin')

/** The project's own folder, used by `dapr run` when DAPR_RUNTIME_PATH is `daprRuntimePath`. */
export const projectDaprBin = (places: Places) => join(daprRuntimePath(places), '.dapr', 'bin')

const daprRuntimePath = ({ project }: Places) => join(project, '.sidecart', 'dapr')

export const projectBin = ({ project }: Places) => join(project, '.sidecart', 'bin')

/**
 * Returns the first installed copy of a part with a fitting version, or the reason for rejecting each copy and place.
 * Versions are cached in `.sidecart/runtime.json` until a file's size or time changes.
 */
export async function findPart(
  name: PartName,
  places: Places,
): Promise<Found | { reasons: string[] }> {
  const folders = searched(name, places)
  const paths = [...new Set(folders.map((folder) => join(folder, name)))].filter(executable)
  const reasons: string[] = []
  for (const path of paths) {
    const version = await versionOf(name, path, places)
    const fault = misfit(name, version)
    if (!fault) return { path, version }
    reasons.push(`${path}: ${fault}`)
  }
  return { reasons: reasons.length > 0 ? reasons : [`not in ${homeOrPath(name, places)}`] }
}

// `dapr run` searches exactly two folders for daprd; a daprd on PATH would not be used.
function searched(name: PartName, places: Places): string[] {
  const path = (places.env.PATH ?? '').split(delimiter).filter(Boolean)
  if (name === 'nats-server') return [...path, projectBin(places)]
  if (name === 'dapr') return [...path, homeBin(places), projectDaprBin(places)]
  return [homeBin(places), projectDaprBin(places)]
}

function homeOrPath(name: PartName, places: Places): string {
  const own =
    name === 'nats-server' ? [projectBin(places)] : [homeBin(places), projectDaprBin(places)]
  return [...own, ...(name === 'nats-server' || name === 'dapr' ? ['PATH'] : [])].join(' or ')
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const Remembered = z.record(
  z.string(),
  z.object({ size: z.number(), mtimeMs: z.number(), version: z.string() }),
)
type Remembered = z.infer<typeof Remembered>

async function versionOf(name: PartName, path: string, places: Places): Promise<string> {
  const file = join(places.project, '.sidecart', 'runtime.json')
  const { size, mtimeMs } = statSync(path)
  const known = remembered(file)[path]
  if (known && known.size === size && known.mtimeMs === mtimeMs) return known.version
  const version = await askVersion(name, path)
  if (version !== '') remember(file, { [path]: { size, mtimeMs, version } })
  return version
}

function remembered(file: string): Remembered {
  try {
    return Remembered.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return {}
  }
}

function remember(file: string, entry: Remembered): void {
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify({ ...remembered(file), ...entry }, null, 2)}\n`)
  renameSync(temporary, file)
}

/** Returns the version printed by a program; empty if the program fails or prints none. */
export async function askVersion(name: PartName, path: string): Promise<string> {
  try {
    if (name === 'sentry' || name === 'scheduler') return versionInside(await readFile(path))
    return statedVersion(name, await output(path, ['--version'], 15_000))
  } catch {
    return ''
  }
}

/** Returns the version in the output of `--version`. */
export function statedVersion(name: PartName, text: string): string {
  const pattern =
    { dapr: /CLI version:\s*v?(\S+)/, 'nats-server': /nats-server:\s*v?(\S+)/ }[name as string] ??
    /^v?(\S+)/
  return pattern.exec(text)?.[1] ?? ''
}

/** Returns the Dapr version in a Go binary's build information: sentry and scheduler have no `--version`. */
export function versionInside(binary: Buffer): string {
  const marks = ['pkg/buildinfo.version=', 'mod\tgithub.com/dapr/dapr\tv']
  const versions = marks.map((mark) => /^\d+\.\d+\.\d+[\w.+-]*/.exec(after(binary, mark))?.[0])
  return versions.find((version) => version !== undefined) ?? ''
}

function after(binary: Buffer, mark: string): string {
  const at = binary.indexOf(mark)
  return at === -1 ? '' : binary.toString('latin1', at + mark.length, at + mark.length + 40)
}
