import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { inner } from '@sidecart/platform/config/manifests.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { asyncApiBreaks, openApiBreaks } from './changes.ts'
import { type AsyncApiDocument, apiDocuments, textOf } from './documents.ts'

/**
 * Returns changes that break clients of the last release (the newest tag `vX.Y.Z`), unless the version in package.json has
 * another major number. Before the first release, they are compared with the last commit, or with the commit before when
 * the last one equals the working tree. A service that was removed as a whole was removed on purpose: its operations and events are left out.
 */
export function breakingChanges(project: Project): string[] {
  const release = lastRelease(project)
  if (release && majorOf(release) !== majorOf(versionOf(project))) return []
  const commits = release ? [release] : ['HEAD', 'HEAD^']
  return Object.entries(apiDocuments()).flatMap(([path, now]) => {
    const before = committed(project, commits, path, textOf(now))
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

function lastRelease({ root }: Project): string | undefined {
  return git(root, 'describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*')?.trim()
}

const versionOf = ({ root }: Project): string =>
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version

const majorOf = (version: string): string | undefined => /^v?(\d+)\./.exec(version)?.[1]

/** Returns the document of the first of the commits that has another one than now. */
function committed(
  { root }: Project,
  commits: readonly string[],
  path: string,
  now: string,
): object | undefined {
  for (const commit of commits) {
    const text = git(root, 'show', `${commit}:${path}`)
    if (text === undefined) return undefined
    if (text !== now) return JSON.parse(text) as object
  }
  return undefined
}

/** Returns undefined when git, the commit, the tag or the file is missing. */
function git(cwd: string, ...words: string[]): string | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    return execFileSync('git', words, { cwd, stdio: [...stdio], encoding: 'utf8' })
  } catch {
    return undefined
  }
}
