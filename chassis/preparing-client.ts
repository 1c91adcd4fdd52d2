import { createHash } from 'node:crypto'
import pg from 'pg'
import { Fault } from './refusal.ts'

/** Distinct statements that are prepared; further ones are sent as they are. Bulk inserts make a text per row count. */
const mostPrepared = 500
const names = new Map<string, string | undefined>()

function nameOf(text: string): string | undefined {
  if (!names.has(text) && names.size < mostPrepared) {
    names.set(text, createHash('sha256').update(text).digest('base64url').slice(0, 32))
  }
  return names.get(text)
}

/**
 * A client that names its statements, so that the server parses and plans each text once per connection; and for
 * which a connection that is lost is a fault that may pass, not an error of this service.
 */
export class PreparingClient extends pg.Client {
  override query(...given: unknown[]): never {
    const [text, values, ...rest] = given
    const name =
      typeof text === 'string' && Array.isArray(values) && values.length > 0
        ? nameOf(text)
        : undefined
    const ask = super.query as (...args: unknown[]) => unknown
    const asked = name ? ask.call(this, { name, text, values }, ...rest) : ask.call(this, ...given)
    return (asked instanceof Promise ? asked.catch(explained) : asked) as never
  }
}

/** What was under way may have been committed, or not. */
function explained(cause: { code?: string; message: string }): never {
  const isLost =
    cause instanceof pg.DatabaseError
      ? endedByServer.test(cause.code ?? '')
      : endedOtherwise.test(`${cause.code} ${cause.message}`)
  throw isLost
    ? new Fault('unavailable', 'the connection to the database was lost', { cause })
    : cause
}

const endedByServer = /^(57P|08)/
const endedOtherwise = /ECONNRESET|EPIPE|ETIMEDOUT|connection|not queryable/i
