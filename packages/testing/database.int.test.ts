import pg from 'pg'
import { expect, test } from 'vitest'
import { testDatabase } from './database.ts'

test('a test database is real, empty and gone after dispose', async () => {
  const database = await testDatabase('some-service')
  expect(await tables(database.url)).toBe(0)
  await database.dispose()
  await expect(tables(database.url)).rejects.toThrow(/does not exist/)
})

async function tables(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const sql = `SELECT count(*)::int AS n FROM information_schema.tables WHERE table_schema = 'public'`
    return (await client.query(sql)).rows[0].n
  } finally {
    await client.end()
  }
}
