import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrations } from './migrations/index.ts'
import { createUserStore, type UsersTables } from './store.ts'

let place: TestDatabase

beforeAll(async () => {
  place = await testDatabase('users_store')
})
afterAll(() => place.dispose())

const log = createLog('tests', 'silent')

/** Works on the database; a connection reports its numbers at its end. */
async function withDatabase<T>(work: (database: Database<UsersTables>) => Promise<T>): Promise<T> {
  const database = await openDatabase<UsersTables>({ connectionString: place.url, migrations, log })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** Returns how many rows of the tables of accounts were read during `work`. */
async function rowsRead(
  work: (store: ReturnType<typeof createUserStore>) => Promise<unknown>,
): Promise<number> {
  const before = await rowsReadSoFar()
  await withDatabase((database) => work(createUserStore(database)))
  return (await rowsReadSoFar()) - before
}

const rowsReadSoFar = () =>
  withDatabase(async ({ rows }) => {
    const { rows: found } = await sql<{ read: string }>`
      select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as read from pg_stat_user_tables
      where relname in ('users', 'credentials')`.execute(rows)
    return Number(found[0]?.read)
  })

it('an account is found by its e-mail without reading all accounts', async () => {
  await withDatabase(async ({ rows }) => {
    await sql`insert into users (user_id, email, name, role, registered_at, email_confirmed_at,
        order_updates, payment_updates, marketing, version)
      select gen_random_uuid(), n || '@example.com', 'Ada', 'customer', now(), case when n % 2 = 0 then now() end,
        true, true, false, 1
      from generate_series(1, 2000) as n`.execute(rows)
    await sql`insert into credentials (user_id, password_hash)
      select user_id, '$argon2id$hash' from users`.execute(rows)
    await sql`analyze users, credentials`.execute(rows)
  })
  for (const email of ['1000@example.com', '1001@example.com', 'nobody@example.com']) {
    const found = ({ credentials }: ReturnType<typeof createUserStore>) => credentials.of(email)
    expect(await rowsRead(found), email).toBeLessThan(50)
    expect(await rowsRead(({ users }) => users.idsWith(email, 100)), email).toBeLessThan(50)
  }
})
