import {
  type Compilable,
  CompiledQuery,
  DummyDriver,
  type Insertable,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { MessagingTables } from './messaging-tables.ts'
import { deferredMark } from './pipelined-client.ts'

/** Stands in a statement for a value that is given at each execution. */
class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Compiles statements without a connection. */
const compiler = new Kysely<never>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** A database, or a transaction in it. */
export type Rows = { executeQuery<R>(query: CompiledQuery<R>): Promise<QueryResult<R>> }

/**
 * Compiles a frequent statement at its first execution instead of at each: building and compiling costs more CPU than
 * sending. `value` stands for the values of an execution, as they go to the driver.
 *
 * @example const rename = statement<Tables>()((db, value: Values<{ sku: string; name: string }>) =>
 *   db.updateTable('products').set({ name: value('name') }).where('sku', '=', value('sku')))
 * await rename(tx.rows, { sku, name })
 */
export const statement =
  <S>() =>
  <P extends object, R>(
    build: (db: Kysely<S & MessagingTables>, value: Values<P>) => Compilable<R>,
  ) => {
    let compiled: CompiledQuery<R> | undefined
    return (rows: Rows, values: P): Promise<QueryResult<R>> => {
      compiled ??= build(
        compiler as unknown as Kysely<S & MessagingTables>,
        ((name: string) => new Placeholder(name)) as Values<P>,
      ).compile()
      const parameters = compiled.parameters.map((parameter) =>
        parameter instanceof Placeholder ? values[parameter.name as keyof P] : parameter,
      )
      return rows.executeQuery({ ...compiled, parameters })
    }
  }

export type Values<P> = <K extends keyof P & string>(name: K) => P[K]

/**
 * Inserts rows by a statement compiled once per number of rows; its result is not needed (see `deferred`).
 *
 * @example const insertNotes = insertion<Tables>()('notes', ['id', 'text'])
 * await insertNotes(tx.rows, [{ id: 1, text: 'one' }])
 */
export const insertion =
  <S>() =>
  <T extends keyof S & string, C extends keyof Insertable<S[T]> & string>(
    table: T,
    columns: readonly C[],
  ) => {
    const texts = new Map<number, string>()
    const textFor = (count: number): string => {
      const row = (index: number) =>
        `(${columns.map((_, column) => `$${index * columns.length + column + 1}`).join(', ')})`
      const values = Array.from({ length: count }, (_, index) => row(index)).join(', ')
      return `insert into ${table} (${columns.join(', ')}) values ${values} ${deferredMark}`
    }
    return async (rows: Rows, entries: readonly Pick<Insertable<S[T]>, C>[]): Promise<void> => {
      const text = texts.get(entries.length) ?? textFor(entries.length)
      texts.set(entries.length, text)
      const values = entries.flatMap((entry) => columns.map((column) => entry[column]))
      await rows.executeQuery(CompiledQuery.raw(text, values))
    }
  }
