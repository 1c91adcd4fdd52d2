import type { EventEmitter } from 'node:events'
import { testDatabase } from '@sidecart/testing/database.ts'
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { deferred, early, PipelinedClient } from './pipelined-client.ts'

type Tables = { notes: { id: number; text: string; at: Date | null } }
type Rows = Kysely<Tables> | Transaction<Tables>

let rows: Kysely<Tables>
let roundTrips: number

beforeEach(async () => {
  const place = await testDatabase('statements')
  const pool = new pg.Pool({ Client: PipelinedClient, connectionString: place.url, max: 1 })
  pool.on('connect', (client) => {
    const { connection } = client as unknown as { connection: EventEmitter }
    connection.on('readyForQuery', () => (roundTrips += 1))
  })
  rows = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  onTestFinished(async () => {
    await rows.destroy()
    await place.dispose()
  })
  await sql`create table notes (id integer primary key, text text not null, at timestamptz)`.execute(
    rows,
  )
  await transaction(1)
  roundTrips = 0
})

const write = (to: Rows, id: number, text: string | null = 'written') =>
  to
    .insertInto('notes')
    .values({ id, text: text as string, at: new Date(id) })
    .modifyEnd(deferred)
    .execute()

const textOf = (from: Rows, id: number) =>
  from.selectFrom('notes').select('text').where('id', '=', id).executeTakeFirst()

const transaction = (id: number) =>
  rows.transaction().execute(async (tx) => {
    await write(tx, id)
    const found = await textOf(tx, id)
    await write(tx, id + 1)
    await write(tx, id + 2)
    return found
  })

const ids = async () =>
  (await rows.selectFrom('notes').select('id').orderBy('id').execute()).map(({ id }) => id)

it('a transaction takes a round trip per answer that somebody needs, and one for the commit', async () => {
  expect(await transaction(11)).toEqual({ text: 'written' })
  expect(roundTrips).toBe(2)
  expect(await ids()).toEqual([1, 2, 3, 11, 12, 13])
  const [written] = await rows.selectFrom('notes').selectAll().where('id', '=', 12).execute()
  expect(written).toEqual({ id: 12, text: 'written', at: new Date(12) })
})

it('a transaction of which nobody needs an answer is one message, and a transaction all the same', async () => {
  const all = (...texts: (string | null)[]) =>
    rows.transaction().execute(async (tx) => {
      for (const [index, text] of texts.entries()) await write(tx, 51 + index, text)
    })
  await all('one', 'two', 'three')
  expect(roundTrips).toBe(1)
  expect(await ids()).toEqual([1, 2, 3, 51, 52, 53])
  await sql`delete from notes where id > 50`.execute(rows)
  roundTrips = 0
  await expect(all('one', null, 'three')).rejects.toMatchObject({ code: '23502' })
  await expect(all('one', 'two', null)).rejects.toMatchObject({ code: '23502' })
  expect(await ids()).toEqual([1, 2, 3])
  expect(roundTrips).toBe(3)
  await all()
  expect(roundTrips).toBe(3)
  await all('again')
  expect(await ids()).toEqual([1, 2, 3, 51])
})

it('an early read is no part of the transaction, unless something was sent before', async () => {
  const read = (tx: Rows, id: number) =>
    tx.selectFrom('notes').select('text').where('id', '=', id).modifyEnd(early).executeTakeFirst()
  await read(rows, 1)
  const reading = (isLate: boolean, id: number) =>
    rows.transaction().execute(async (tx) => {
      await write(tx, id)
      if (isLate) await textOf(tx, 1)
      return read(tx, id)
    })
  expect(await reading(false, 61)).toBeUndefined()
  expect(await reading(true, 62)).toEqual({ text: 'written' })
  expect(await ids()).toEqual([1, 2, 3, 61, 62])
})

it('what nobody waited for undoes the transaction when it fails, and says why', async () => {
  await expect(transaction(0)).rejects.toMatchObject({ code: '23505' })
  expect(await ids()).toEqual([1, 2, 3])
  await expect(
    rows.transaction().execute(async (tx) => {
      await write(tx, 21)
      await write(tx, 22, null)
      await write(tx, 23)
    }),
  ).rejects.toMatchObject({ code: '23502' })
  expect(await ids()).toEqual([1, 2, 3])
  expect(await transaction(31)).toEqual({ text: 'written' })
})

it('a transaction that is given up leaves nothing, sent or not', async () => {
  const given = rows.transaction().execute(async (tx) => {
    await write(tx, 11)
    await textOf(tx, 11)
    await write(tx, 12)
    throw new Error('given up')
  })
  await expect(given).rejects.toThrow('given up')
  const unsent = rows.transaction().execute(async (tx) => {
    await write(tx, 13)
    throw new Error('given up at once')
  })
  await expect(unsent).rejects.toThrow('given up at once')
  expect(await ids()).toEqual([1, 2, 3])
  await write(rows, 14)
  expect(await ids()).toEqual([1, 2, 3, 14])
})

it('several statements in one text, as migrations have them, keep their place', async () => {
  await rows.transaction().execute(async (tx) => {
    await write(tx, 11)
    await sql`update notes set text = 'changed' where id = 11; update notes set id = 12 where id = 11`.execute(
      tx,
    )
  })
  expect(await ids()).toEqual([1, 2, 3, 12])
  expect(await textOf(rows, 12)).toEqual({ text: 'changed' })
})

it('a statement that a migration has outdated fails once, as what may pass, and is prepared again', async () => {
  const all = () => rows.selectFrom('notes').selectAll().where('id', '<', 3).execute()
  const before = await all()
  await sql`alter table notes add column more text`.execute(rows)
  await expect(all()).rejects.toMatchObject({ code: 'unavailable' })
  expect(await all()).toEqual(before.map((one) => ({ ...one, more: null })))
  expect(await transaction(41)).toEqual({ text: 'written' })
})
