import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { architecturePage, architecturePageOf } from '../architecture.ts'
import { asyncApiBreaks, openApiBreaks } from './changes.ts'
import { type AsyncApiDocument, apiDocuments } from './documents.ts'

const textOf = (document: object): string => `${JSON.stringify(document, null, 2)}\n`

/** Every generated document with its text, by path from the root. */
const generated = (project: Project): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(apiDocuments(project)).map(([path, document]) => [path, textOf(document)]),
  ),
  [architecturePage]: architecturePageOf(project),
})

/** Writes the documents; returns the paths of those that were different. */
export function writeApiDocuments(project: Project): string[] {
  const stale = staleDocuments(project)
  for (const [path, text] of Object.entries(generated(project))) {
    const file = join(project.root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return stale
}

/** The paths of those that do not say what the contracts say. */
export const staleDocuments = (project: Project): string[] =>
  Object.entries(generated(project))
    .filter(([path, text]) => readIfThere(join(project.root, path)) !== text)
    .map(([path]) => path)

/** What breaks those who were written for the last commit; where that is what is here, for the one before it. */
export function breakingChanges(project: Project): string[] {
  return Object.entries(apiDocuments(project)).flatMap(([path, now]) => {
    const before = committed(project, path, textOf(now))
    if (!before) return []
    return 'asyncapi' in now
      ? asyncApiBreaks(before as AsyncApiDocument, now as AsyncApiDocument)
      : openApiBreaks(before as OpenApiDocument, now as OpenApiDocument)
  })
}

function committed({ root }: Project, path: string, now: string): object | undefined {
  for (const commit of ['HEAD', 'HEAD^']) {
    const text = shown(root, `${commit}:${path}`)
    if (text === undefined) return undefined
    if (text !== now) return JSON.parse(text) as object
  }
  return undefined
}

/** Nothing where git, the commit or the file is missing. */
function shown(cwd: string, what: string): string | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    return execFileSync('git', ['show', what], { cwd, stdio: [...stdio], encoding: 'utf8' })
  } catch {
    return undefined
  }
}
