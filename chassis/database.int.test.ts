import { expect, it, onTestFinished } from 'vitest'
import { testDatabase } from '../tests/support/database.ts'
import { openDatabase } from './database.ts'
import { createLog } from './log.ts'

it('who waits too long for a connection is told that it may work later', async () => {
  const place = await testDatabase('pool')
  const log = createLog('tests', 'silent')
  const limits = { poolSize: 1, waitMs: 50 }
  const database = await openDatabase({
    connectionString: place.url,
    migrations: {},
    log,
    ...limits,
  })
  onTestFinished(async () => {
    await database.close()
    await place.dispose()
  })
  const busy = Promise.withResolvers<void>()
  const first = database.inTransaction(() => busy.promise)
  await expect(database.inTransaction(async () => {})).rejects.toMatchObject({
    code: 'unavailable',
  })
  busy.resolve()
  await first
  await database.ping()
})
