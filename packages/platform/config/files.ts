import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Writes a file atomically: readers see the old or the new content. */
export function writeWhole(file: string, content: string, mode = 0o600): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const half = `${file}.${process.pid}.new`
  writeFileSync(half, content, { mode })
  renameSync(half, file)
}

/**
 * Removes access of other users to the content of a folder, including files left open by an earlier version or another
 * umask. For root, the folder itself stays traversable (not listable): PostgreSQL runs as another user and has its data
 * below.
 */
export function closeToOthers(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const isRoot = process.getuid?.() === 0
  chmodSync(folder, isRoot ? 0o711 : 0o700)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    const isOurs = found?.uid === process.getuid?.()
    if (found && isOurs && !found.isSymbolicLink()) chmodSync(path, found.mode & 0o700)
  }
}

export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
