import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The folders in a folder of the project. */
export const foldersIn = (folder: string): string[] =>
  readdirSync(join(import.meta.dirname, '..', folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
