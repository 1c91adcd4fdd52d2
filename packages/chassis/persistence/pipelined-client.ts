import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { sql } from 'kysely'
import pg from 'pg'
import { Fault } from '../core/errors.ts'

/** Distinct statements that are prepared; further ones are sent as they are. Bulk inserts make a text per row count. */
const mostPrepared = 500
const names = new Map<string, string | undefined>()

function nameOf(text: string): string | undefined {
  if (!names.has(text) && names.size < mostPrepared) {
    names.set(text, createHash('sha256').update(text).digest('base64url').slice(0, 32))
  }
  return names.get(text)
}

const mark = '/* unanswered */'

/**
 * The end of a statement in a transaction that nobody needs the answer of: it is sent together with the next one, if
 * only the commit, which then fails if this one does.
 *
 * @example rows.insertInto('outbox').values(events).modifyEnd(unanswered).execute()
 */
export const deferred = sql.raw(mark)

type Statement = { text: string; values: unknown[]; name?: string | undefined }

/**
 * A client that
 * - names its statements, so that the server parses and plans each text once per connection;
 * - sends the start of a transaction and what is `unanswered` together with the statement that follows: one round trip
 *   for all, and from the first that fails on nothing is done;
 * - takes the loss of a connection, and a migration under way, for faults that may pass, not for errors of this service.
 */
export class PipelinedClient extends pg.Client {
  readonly #prepared = new Set<string>()
  /** Counts how often the tables have changed under statements, which then need new names. */
  #version = 0
  #inTransaction = false
  /** What is still to be sent, in order; all of it is prepared. */
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
    const known = values.length > 0 || starts || ends ? nameOf(text) : undefined
    const name = known && `${known}-${this.#version}`
    const statement = { text, values, name }

    if (starts || (this.#inTransaction && text.endsWith(mark))) {
      if (name && this.#prepared.has(name)) {
        this.#waiting.push({ ...statement, values: values.map(utils.prepareValue) })
        return { rows: [] }
      }
    }
    const before = this.#waiting.filter(({ text: one }) => text !== 'rollback' || one === 'begin')
    this.#waiting = []
    // what has no name may be several statements, which must travel alone
    if (!name && before.length > 0) await this.#send(before.pop() as Statement, before.splice(0))
    return this.#send(statement, before)
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

/** A statement prepared before a migration, as of another version of the service, whose answer has other columns now. */
const isOutdated = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.routine === 'RevalidateCachedQuery'

/** What pg's types leave out. */
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

/** A query with others before it in one message to the server. All share the one's end, and so its error. */
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

/** What was under way when a connection was lost may have been committed, or not. */
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
