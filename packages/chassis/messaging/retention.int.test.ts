import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { baseEnvironment, readEnvironment } from '../core/environment.ts'
import { createLog } from '../observability/log.ts'
import { type Database, openDatabase } from '../persistence/database.ts'
import {
  createNewestMessagingTables,
  type MessagingTables,
} from '../persistence/messaging-tables.ts'
import { createDeadLetters } from './dead-letters.ts'
import { createRetentionWorker } from './retention.ts'

const log = createLog('tests', 'silent')
const day = 86_400_000

let place: TestDatabase
let database: Database<MessagingTables>

beforeAll(async () => {
  place = await testDatabase('retention')
  const migrations = { initial: { up: createNewestMessagingTables } }
  database = await openDatabase<MessagingTables>({ connectionString: place.url, migrations, log })
})
afterAll(async () => {
  await database.close()
  await place.dispose()
})
beforeEach(async () => {
  for (const table of ['inbox', 'dead_letters', 'pruned'] as const)
    await database.rows.deleteFrom(table).execute()
})

const events = async () =>
  (await database.rows.selectFrom('inbox').select('event_id').execute()).map((row) => row.event_id)
const letters = async () =>
  (await createDeadLetters(database as Database<unknown>).list(10, true)).map(({ id }) => id)
const pruned = async () =>
  Object.fromEntries(
    (await database.rows.selectFrom('pruned').selectAll().execute()).map((row) => [
      row.table_name,
      Number(row.rows),
    ]),
  )

async function receive(eventId: string, daysAgo: number): Promise<void> {
  const processed_at = new Date(Date.now() - daysAgo * day)
  await database.rows.insertInto('inbox').values({ event_id: eventId, processed_at }).execute()
}

/** Runs the worker, some days from now, until `done` holds. */
async function pruneUntil(done: () => Promise<boolean>, inDays = 0): Promise<void> {
  const worker = createRetentionWorker({
    database: database as Database<unknown>,
    log,
    retentionDays: 30,
    now: () => Date.now() + inDays * day,
  })
  worker.start()
  await until('old rows are deleted', done)
  await worker.stop()
}

it('deletes marks of events by age, and counts them', async () => {
  await receive('old', 31)
  await receive('young', 29)
  await pruneUntil(async () => (await events()).length === 1)
  expect(await events()).toEqual(['young'])
  expect(await pruned()).toEqual({ inbox: 1 })
  await pruneUntil(async () => (await events()).length === 0, 2)
  expect(await pruned()).toEqual({ inbox: 2 })
})

it('deletes dead letters that an operator handled long ago, and no other', async () => {
  const deadLetters = createDeadLetters(database as Database<unknown>)
  for (const id of ['replayed', 'dismissed', 'waiting'])
    await deadLetters.keep({
      id,
      topic: 'tests-noted-v1',
      event: {} as never,
      cause: '',
      attempts: 5,
    })
  await deadLetters.markHandled('replayed', 'replayed')
  await deadLetters.markHandled('dismissed', 'dismissed')
  // its deletion shows that there was a round
  await receive('mark', 40)
  await pruneUntil(async () => (await events()).length === 0, 29)
  expect((await letters()).sort()).toEqual(['dismissed', 'replayed', 'waiting'])
  await pruneUntil(async () => (await letters()).length === 1, 31)
  expect(await letters()).toEqual(['waiting'])
})

it('deletes many rows in several rounds', async () => {
  const processed_at = new Date(Date.now() - 31 * day)
  const rows = Array.from({ length: 11_000 }, (_, n) => ({ event_id: `event-${n}`, processed_at }))
  for (const part of [rows.slice(0, 5_500), rows.slice(5_500)])
    await database.rows.insertInto('inbox').values(part).execute()
  await pruneUntil(async () => (await events()).length === 0)
  expect(await pruned()).toEqual({ inbox: 11_000 })
})

it('is set to longer than a broker delivers an event', () => {
  const { RETENTION_DAYS } = baseEnvironment
  expect(() => readEnvironment({ RETENTION_DAYS }, { RETENTION_DAYS: '7' })).toThrow()
  expect(readEnvironment({ RETENTION_DAYS }, { RETENTION_DAYS: '8' }).RETENTION_DAYS).toBe(8)
  expect(readEnvironment({ RETENTION_DAYS }, {}).RETENTION_DAYS).toBe(90)
})
