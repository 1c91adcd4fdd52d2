import { z } from '@hono/zod-openapi'
import type { SecurityEvent } from '../observability/security-log.ts'

/** An error response, `application/problem+json` (RFC 9457). Programs branch on the stable `code`. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string().optional(),
    instance: z.string().optional(),
    requestId: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem')
export type Problem = z.infer<typeof Problem>

/** HTTP representation of a refusal. */
export type ProblemKind = {
  status: 400 | 401 | 403 | 404 | 405 | 409 | 410 | 412 | 413 | 415 | 422 | 428 | 429 | 500 | 503
  title: string
  /** Security event to log instead of the default for the status; null when the service logs the event itself. */
  event?: SecurityEvent | null
}

/** Refusals common to all services. */
export const commonProblems = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  overloaded: { status: 503, title: 'Too busy' },
  internal: { status: 500, title: 'Something went wrong' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} satisfies Record<string, ProblemKind>

/** Returns each invalid field with a message. */
export function fieldErrors(error: z.ZodError): { field: string; message: string }[] {
  return errorsOf(error.issues, [])
}

function errorsOf(issues: readonly Issue[], above: readonly PropertyKey[]) {
  return issues.flatMap((issue): { field: string; message: string }[] => {
    const path = [...above, ...issue.path]
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        field: [...path, key].join('.'),
        message: 'Unknown field',
      }))
    // of several union members, report the errors of one without unknown keys
    if (issue.code === 'invalid_union' && issue.errors.length > 0)
      return errorsOf(
        issue.errors.find((one) => one.every(({ code }) => code !== 'unrecognized_keys')) ??
          issue.errors[0] ??
          [],
        path,
      )
    return [{ field: path.join('.') || '(body)', message: issue.message }]
  })
}

type Issue = z.core.$ZodIssue
