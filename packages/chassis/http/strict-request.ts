import type { RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { refused } from '../core/errors.ts'

const withoutBodies = ['GET', 'HEAD']

/**
 * Refuses what a route of a contract does not know: query parameters that it does not name, a body where it takes
 * none. Fields of bodies are the matter of their schemas, which a test wants strict; a body of another type than the
 * route's is refused by the library.
 */
export function onlyKnown({ request = {} }: RouteConfig): MiddlewareHandler {
  const known = request.query ? namesOf(request.query as z.ZodType) : []
  const takesBody = request.body !== undefined
  return async function onlyKnown(c, next) {
    if (c.req.url.includes('?')) {
      const unknown = Object.keys(c.req.query()).filter((name) => !known.includes(name))
      if (unknown.length > 0) throw invalid(unknown, 'Unknown parameter')
    }
    if (!takesBody && (await hasBody(c))) throw invalid(['(body)'], 'This route takes no body')
    await next()
  }
}

/** The same for routes outside contracts: reading takes no body anywhere. */
export const noBodyToRead: MiddlewareHandler = async function noBodyToRead(c, next) {
  if (withoutBodies.includes(c.req.method) && isAnnounced(c))
    throw invalid(['(body)'], `${c.req.method} takes no body`)
  await next()
}

const namesOf = (schema: z.ZodType): string[] =>
  Object.keys(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties ?? {})

type Context = Parameters<MiddlewareHandler>[0]

const isAnnounced = (c: Context): boolean =>
  Number(c.req.header('content-length') ?? 0) > 0 || c.req.header('transfer-encoding') !== undefined

/** A body of unknown length may be empty. Without a length there is none on the wire, but in memory there may be. */
async function hasBody(c: Context): Promise<boolean> {
  if (withoutBodies.includes(c.req.method)) return isAnnounced(c)
  const length = c.req.header('content-length')
  if (length !== undefined) return Number(length) > 0
  return c.req.raw.body !== null && (await c.req.arrayBuffer()).byteLength > 0
}

const invalid = (fields: readonly string[], message: string) =>
  refused('invalid-request', fields.map((field) => `${field}: ${message}`).join('; '), {
    errors: fields.map((field) => ({ field, message })),
  })
