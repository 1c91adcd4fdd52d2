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
import type { z } from 'zod'
import { UserError } from './project.ts'

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

/**
 * Reads a JSON file that this project wrote.
 *
 * @param advice what to do when somebody has damaged the file
 * @returns undefined without the file
 * @throws UserError with the advice when the file holds anything else
 */
export function readJson<S extends z.ZodType>(
  file: string,
  schema: S,
  advice: string,
): z.output<S> | undefined {
  const text = readIfThere(file)
  return text === undefined ? undefined : parseJson(text, file, schema, advice)
}

/** Parses the text of such a file. */
export function parseJson<S extends z.ZodType>(
  text: string,
  file: string,
  schema: S,
  advice: string,
): z.output<S> {
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new UserError(`${file} is damaged: ${advice}`, { cause: error })
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
