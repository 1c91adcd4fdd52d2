import { testDatabase } from '@sidecart/testing/database.ts'
import { type Kysely, sql } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { createLog } from '../observability/log.ts'
import { type DatabaseOptions, openDatabase } from './database.ts'

async function opened(limits: Pick<DatabaseOptions, 'poolSize' | 'waitMs'> = {}) {
  const place = await testDatabase('pool')
  const log = createLog('tests', 'silent')
  const given = { connectionString: place.url, migrations: {}, log, ...limits }
  const database = await openDatabase(given)
  onTestFinished(async () => {
    await database.close()
    await place.dispose()
  })
  return database
}

it('who waits too long for a connection is told that it may work later', async () => {
  const database = await opened({ poolSize: 1, waitMs: 50 })
  const busy = Promise.withResolvers<void>()
  const first = database.inTransaction(() => busy.promise)
  await expect(database.inTransaction(async () => {})).rejects.toMatchObject({
    code: 'unavailable',
  })
  busy.resolve()
  await first
  await database.ping()
})

it('whose connection is lost is told that it may work later', async () => {
  const database = await opened()
  const lost = { code: 'unavailable', message: 'the connection to the database was lost' }
  const end = sql`select pg_terminate_backend(pg_backend_pid())`
  await expect(end.execute(database.rows)).rejects.toMatchObject(lost)
  await expect(database.inTransaction((tx) => end.execute(tx.rows))).rejects.toMatchObject(lost)
  await database.ping()
})

it('a statement that the server refuses is an error as it is', async () => {
  const database = await opened()
  await expect(sql`select 1 / 0`.execute(database.rows)).rejects.toMatchObject({ code: '22012' })
})

it('a version that starts after a newer one has migrated works, and the newer one after it', async () => {
  const place = await testDatabase('versions')
  onTestFinished(place.dispose)
  const log = createLog('tests', 'silent')
  const table = (name: string) => ({
    up: (db: Kysely<unknown>) => db.schema.createTable(name).addColumn('id', 'integer').execute(),
  })
  const older = { '001-one': table('one') }
  const newer = { ...older, '002-two': table('two') }
  for (const migrations of [older, newer, older, newer]) {
    const database = await openDatabase({ connectionString: place.url, migrations, log })
    await database.ping()
    await database.close()
  }
})
