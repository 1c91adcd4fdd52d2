import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import type { Log } from '@sidecart/chassis/observability/log.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { patternOf } from './routing.ts'

const freshForMs = 30_000
/** Milliseconds until the next try when a service is missing from the document. */
const incompleteForMs = 1_000
const notPublic = /^\/(internal|events)\//

/**
 * Merges the services' OpenAPI documents. A service without a response is left out and named in the description.
 * Concurrent callers share one fetch.
 */
export function createOpenApiMerge(
  sidecar: Sidecar,
  services: readonly string[],
  log: Log,
  now = Date.now,
): () => Promise<OpenApiDocument> {
  let merged: { document: OpenApiDocument; freshUntil: number } | undefined
  let merging: Promise<OpenApiDocument> | undefined

  async function fetchOne(app: string): Promise<OpenApiDocument | undefined> {
    try {
      const { status, body } = await sidecar.invoke({
        app,
        method: 'GET',
        path: '/openapi.json',
        timeoutMs: 2_000,
      })
      if (status === 200) return JSON.parse(new TextDecoder().decode(body)) as OpenApiDocument
    } catch (err) {
      log.warn({ err, app }, 'no API document')
    }
    return undefined
  }

  async function fetchAll(): Promise<OpenApiDocument> {
    const documents = await Promise.all(services.map(fetchOne))
    const document = merge(services, documents)
    const isComplete = documents.every(Boolean)
    merged = { document, freshUntil: now() + (isComplete ? freshForMs : incompleteForMs) }
    return document
  }

  return async () => {
    if (merged && now() < merged.freshUntil) return merged.document
    merging ??= fetchAll().finally(() => {
      merging = undefined
    })
    return merging
  }
}

export function merge(
  services: readonly string[],
  documents: readonly (OpenApiDocument | undefined)[],
): OpenApiDocument {
  const missing = services.filter((_, index) => !documents[index])
  const note =
    missing.length > 0 ? ` Not answering now, and so missing here: ${missing.join(', ')}.` : ''
  const found = documents.filter((document) => document !== undefined)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sidecart',
      version: '1.0.0',
      description: `An online shop on Dapr sidecars.${note}`,
    },
    paths: Object.assign({}, ...found.map(({ paths }) => publicPaths(paths))),
    components: {
      schemas: Object.assign({}, ...found.map(({ components }) => components?.schemas)),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

const publicPaths = (paths: OpenApiDocument['paths']): OpenApiDocument['paths'] =>
  Object.fromEntries(Object.entries(paths).filter(([path]) => !notPublic.test(path)))

/**
 * Returns the methods documented for a path, in upper case. Of the templates that match, the one with the fewest parameters
 * counts (OpenAPI 3.1): `/users/me/sessions` before `/users/{userId}/sessions`.
 */
export function methodsOf({ paths }: OpenApiDocument, path: string): string[] {
  const found = Object.entries(paths).filter(([template]) => patternOf(template).test(path))
  const fewest = Math.min(...found.map(([template]) => parametersOf(template)))
  return found
    .filter(([template]) => parametersOf(template) === fewest)
    .flatMap(([, operations]) => Object.keys(operations))
    .map((method) => method.toUpperCase())
    .sort()
}

const parametersOf = (template: string): number => template.split('{').length - 1
