import { createHash } from 'node:crypto'
import pg from 'pg'

/** Distinct statements that are prepared; further ones are sent as they are. Bulk inserts make a text per row count. */
const mostPrepared = 500
const names = new Map<string, string | undefined>()

function nameOf(text: string): string | undefined {
  if (!names.has(text) && names.size < mostPrepared) {
    names.set(text, createHash('sha256').update(text).digest('base64url').slice(0, 32))
  }
  return names.get(text)
}

/** A client that names its statements, so that the server parses and plans each text once per connection. */
export class PreparingClient extends pg.Client {
  override query(...given: unknown[]): never {
    const [text, values, ...rest] = given
    const name =
      typeof text === 'string' && Array.isArray(values) && values.length > 0
        ? nameOf(text)
        : undefined
    const ask = super.query as (...args: unknown[]) => never
    return name ? ask.call(this, { name, text, values }, ...rest) : ask.call(this, ...given)
  }
}
