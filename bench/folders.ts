import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Returns the names of the subfolders of a folder in the project. */
export const foldersIn = (folder: string): string[] =>
  readdirSync(join(import.meta.dirname, '..', folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
