import type { IncomingMessage } from 'node:http'
import type { RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { refused } from '../core/errors.ts'

const withoutBodies = ['GET', 'HEAD']

/**
 * Refuses input unknown to a contract's route: undeclared query parameters, a body where none is declared, and no body
 * where one is required. Fields of bodies are checked by their schemas (a test requires strict ones); a body of another
 * media type is refused by the library.
 */
export function onlyKnown({ request = {} }: RouteConfig): MiddlewareHandler {
  const known = request.query ? namesOf(request.query as z.ZodType) : []
  const takesBody = request.body !== undefined
  const needsBody = request.body?.required === true
  return async function onlyKnown(c, next) {
    if (c.req.url.includes('?')) {
      const unknown = Object.keys(c.req.query()).filter((name) => !known.includes(name))
      if (unknown.length > 0) throw invalid(unknown, 'Unknown parameter')
    }
    if (!takesBody && (await hasBody(c))) throw invalid(['(body)'], 'This route takes no body')
    // the library would read no body as an empty object
    if (needsBody && !(await hasBody(c))) throw invalid(['(body)'], 'required')
    await next()
  }
}

/** The same for routes outside contracts: GET and HEAD take no body. At a public port none may be announced either. */
export function noBodyToRead({ isPublic }: { isPublic: boolean }): MiddlewareHandler {
  return async function noBodyToRead(c, next) {
    if (withoutBodies.includes(c.req.method) && isAnnounced(c))
      if (isPublic || (await arrives(c))) throw invalid(['(body)'], `${c.req.method} takes no body`)
    await next()
  }
}

const namesOf = (schema: z.ZodType): string[] =>
  Object.keys(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties ?? {})

type Context = Parameters<MiddlewareHandler>[0]

const isAnnounced = (c: Context): boolean =>
  Number(c.req.header('content-length') ?? 0) > 0 || c.req.header('transfer-encoding') !== undefined

/**
 * Returns whether a byte of an announced body arrives. Go, and so a sidecar, announces a body of unknown length for a GET
 * without one if 200 ms pass before it knows, as on a busy machine.
 */
async function arrives(c: Context): Promise<boolean> {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage }
  if (Number(c.req.header('content-length') ?? 0) > 0 || !incoming) return true
  if (incoming.readableEnded) return false
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }))
    if (chunk.length > 0) return true
  return false
}

/**
 * Returns whether the request has a body. A body of unknown length may be empty; without a length, only in-memory
 * requests can have one.
 */
async function hasBody(c: Context): Promise<boolean> {
  if (withoutBodies.includes(c.req.method)) return isAnnounced(c) && arrives(c)
  const length = c.req.header('content-length')
  if (length !== undefined) return Number(length) > 0
  return c.req.raw.body !== null && (await c.req.arrayBuffer()).byteLength > 0
}

const invalid = (fields: readonly string[], message: string) =>
  refused('invalid-request', fields.map((field) => `${field}: ${message}`).join('; '), {
    errors: fields.map((field) => ({ field, message })),
  })
