import { execFileSync } from 'node:child_process'
import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { asyncApiBreaks, openApiBreaks } from './changes.ts'
import { type AsyncApiDocument, apiDocuments, textOf } from './documents.ts'

/**
 * Returns changes that break clients of the last commit, or of the commit before when the last one equals the working
 * tree. A service that was removed as a whole breaks nobody by accident: its operations and events are left out.
 */
export function breakingChanges(project: Project): string[] {
  return Object.entries(apiDocuments()).flatMap(([path, now]) => {
    const before = committed(project, path, textOf(now))
    if (!before) return []
    return 'asyncapi' in now
      ? asyncApiBreaks(eventsOfPresent(before as AsyncApiDocument), now)
      : openApiBreaks(pathsOfPresent(before as OpenApiDocument), now)
  })
}

const isPresent = (service: string | undefined): boolean =>
  inner.some(({ name }) => name === service)

function pathsOfPresent(document: OpenApiDocument): OpenApiDocument {
  const paths = Object.entries(document.paths).filter(([, operations]) =>
    Object.values(operations).some((operation) =>
      isPresent((operation as { tags?: string[] }).tags?.[0]),
    ),
  )
  return { ...document, paths: Object.fromEntries(paths) }
}

function eventsOfPresent(document: AsyncApiDocument): AsyncApiDocument {
  const messages = Object.entries(document.components.messages).filter(([topic]) =>
    isPresent(topic.split('-')[0]),
  )
  return { ...document, components: { messages: Object.fromEntries(messages) } }
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
