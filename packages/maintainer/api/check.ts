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

/** Returns the text of every generated document by path from the root. */
const generated = (project: Project): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(apiDocuments(project)).map(([path, document]) => [path, textOf(document)]),
  ),
  [architecturePage]: architecturePageOf(project),
})

/** Writes the documents and returns the paths of the changed ones. */
export function writeApiDocuments(project: Project): string[] {
  const stale = staleDocuments(project)
  for (const [path, text] of Object.entries(generated(project))) {
    const file = join(project.root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return stale
}

/** Returns the paths of documents that differ from the contracts. */
export const staleDocuments = (project: Project): string[] =>
  Object.entries(generated(project))
    .filter(([path, text]) => readIfThere(join(project.root, path)) !== text)
    .map(([path]) => path)

/**
 * Returns changes that break clients of the last commit, or of the commit before when the last one equals the working
 * tree.
 */
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

/** Returns undefined when git, the commit or the file is missing. */
function shown(cwd: string, what: string): string | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    return execFileSync('git', ['show', what], { cwd, stdio: [...stdio], encoding: 'utf8' })
  } catch {
    return undefined
  }
}
