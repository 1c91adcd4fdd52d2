import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { sql } from 'kysely'
import pg from 'pg'
import { Fault } from '../core/errors.ts'

/** Maximum distinct prepared statements; further ones are sent unprepared. Bulk inserts have one text per row count. */
const mostPrepared = 500
const names = new Map<string, string | undefined>()

function nameOf(text: string): string | undefined {
  if (!names.has(text) && names.size < mostPrepared) {
    names.set(text, createHash('sha256').update(text).digest('base64url').slice(0, 32))
  }
  return names.get(text)
}

export const deferredMark = '/* unanswered */'

/**
 * Suffix of a statement in a transaction whose result is not needed: sent together with the next statement, at the
 * latest with the commit. The commit then fails if this statement fails. A transaction of such statements only is one
 * message to the server, without `begin` and `commit`.
 *
 * @example rows.insertInto('outbox').values(events).modifyEnd(deferred).execute()
 */
export const deferred = sql.raw(deferredMark)

export const earlyMark = '/* early */'

/**
 * Suffix of a read that needs no lock: as long as nothing of a transaction was sent, it is sent alone, before the
 * transaction. So a transaction that otherwise needs no answers stays one message.
 *
 * @example rows.selectFrom('contacts').selectAll().where('user_id', '=', userId).modifyEnd(early).execute()
 */
export const early = sql.raw(earlyMark)

type Statement = { text: string; values: unknown[]; name?: string | undefined }

/**
 * A PostgreSQL client that
 * - names statements, so that the server parses and plans each text once per connection;
 * - sends `begin` and `deferred` statements together with the next statement: one round trip for all; the first
 *   failing statement ends the batch. When the transaction ends before anything of it was sent, the server gets its
 *   statements in one message, which is a transaction by itself, or nothing if it is rolled back;
 * - turns a lost connection, and a migration under way, into a `Fault`.
 */
export class PipelinedClient extends pg.Client {
  readonly #prepared = new Set<string>()
  /** Counts schema changes under prepared statements; after a change statements need new names. */
  #version = 0
  #inTransaction = false
  /** Whether anything of the transaction was sent to the server. */
  #isBegun = false
  /** Statements waiting to be sent, in order; all are prepared. */
  #waiting: Statement[] = []

  override query(...given: unknown[]): never {
    const [text, values = [], ...rest] = given
    const isPlain = typeof text === 'string' && Array.isArray(values) && rest.length === 0
    const ask = super.query as (...args: unknown[]) => unknown
    return (isPlain ? this.#take(text, values) : ask.apply(this, given)) as never
  }

  async #take(text: string, values: unknown[]): Promise<unknown> {
    const starts = text === 'begin'
    const ends = text === 'commit' || text === 'rollback'
    if (starts || ends) this.#inTransaction = starts
    if (starts) this.#isBegun = false
    const known = values.length > 0 || starts || ends ? nameOf(text) : undefined
    const name = known && `${known}-${this.#version}`
    const statement = { text, values, name }

    if (starts || (this.#inTransaction && text.endsWith(deferredMark))) {
      if (name && this.#prepared.has(name)) {
        this.#waiting.push({ ...statement, values: values.map(utils.prepareValue) })
        return { rows: [] }
      }
    }
    const isUnsent = this.#waiting[0]?.text === 'begin'
    if (isUnsent && name && text.endsWith(earlyMark)) return this.#send(statement, [])
    const waiting = this.#waiting
    this.#waiting = []
    if (ends && isUnsent) return this.#sendWhole(text, waiting.slice(1))
    if (text === 'rollback' && !this.#isBegun) return { rows: [] }
    const before = text === 'rollback' ? [] : waiting
    if (starts || isUnsent) this.#isBegun = true
    // an unnamed statement may be several statements, which must be sent alone
    if (!name && before.length > 0) await this.#send(before.pop() as Statement, before.splice(0))
    return this.#send(statement, before)
  }

  /** Ends a transaction of which nothing was sent. */
  async #sendWhole(end: 'commit' | 'rollback', statements: Statement[]): Promise<unknown> {
    const last = statements.pop()
    return end === 'commit' && last ? this.#send(last, statements) : { rows: [] }
  }

  async #send(statement: Statement, before: readonly Statement[]): Promise<unknown> {
    try {
      const answer = await new Promise((resolve, reject) => {
        const query = new Following(statement, (error, result) =>
          error ? reject(error) : resolve(result),
        )
        super.query(query.behind(before))
      })
      if (statement.name) this.#prepared.add(statement.name)
      return answer
    } catch (error) {
      if (isOutdated(error)) this.#version += 1
      throw explained(error as Error)
    }
  }
}

/** Returns whether the statement was prepared before a migration changed the result columns. */
const isOutdated = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.routine === 'RevalidateCachedQuery'

/** Members missing from pg's types. */
type Answered = {
  submit(connection: pg.Connection): Error | null
  handleCommandComplete(message: unknown, connection: pg.Connection): void
}
type Wire = { stream: Duplex; bind(what: object): void; execute(what: object): void }
const { Query, utils } = pg as unknown as {
  Query: new (
    statement: Statement,
    callback: (error: Error | null, answer?: unknown) => void,
  ) => Answered
  utils: { prepareValue(value: unknown): unknown }
}

/**
 * A query preceded by other statements in one message to the server. All share the end of the message, and so the
 * error.
 */
class Following extends Query {
  #before: readonly Statement[] = []
  #answersToSkip = 0

  behind(before: readonly Statement[]): this {
    this.#before = before
    this.#answersToSkip = before.length
    return this
  }

  override submit(connection: pg.Connection): Error | null {
    const wire = connection as unknown as Wire
    wire.stream.cork()
    try {
      for (const { name, values } of this.#before) {
        wire.bind({ statement: name, values })
        wire.execute({})
      }
      return super.submit(connection)
    } finally {
      wire.stream.uncork()
    }
  }

  override handleCommandComplete(message: unknown, connection: pg.Connection): void {
    if (this.#answersToSkip > 0) this.#answersToSkip -= 1
    else super.handleCommandComplete(message, connection)
  }
}

/** Turns a lost connection into a fault; statements in flight may or may not have been committed. */
function explained(cause: Error & { code?: string }): Error {
  if (isOutdated(cause)) return new Fault('unavailable', 'the database has changed', { cause })
  const isLost =
    cause instanceof pg.DatabaseError
      ? endedByServer.test(cause.code ?? '')
      : endedOtherwise.test(`${cause.code} ${cause.message}`)
  return isLost
    ? new Fault('unavailable', 'the connection to the database was lost', { cause })
    : cause
}

const endedByServer = /^(57P|08)/
const endedOtherwise = /ECONNRESET|EPIPE|ETIMEDOUT|connection|not queryable/i
