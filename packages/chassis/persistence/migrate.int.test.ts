import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { testDatabase } from '@sidecart/testing/database.ts'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')

/** Runs the job as containers do: in the folder of a service. */
const migrate = (env: Record<string, string>) =>
  run(process.execPath, [join(import.meta.dirname, 'migrate.ts')], {
    cwd: join(root, 'services/orders'),
    env: { PATH: process.env.PATH, ...env },
  })

it('the job migrates the database of the service, and again changes nothing', async () => {
  const place = await testDatabase('job')
  const client = new pg.Client(place.url)
  onTestFinished(async () => {
    await client.end()
    await place.dispose()
  })
  await client.connect()
  const applied = async () =>
    (await client.query('select name, timestamp from kysely_migration order by name')).rows
  await migrate({ DATABASE_URL: place.url })
  const once = await applied()
  expect(once.length).toBeGreaterThan(8)
  await client.query('select customer_id from orders')
  await migrate({ DATABASE_URL: place.url })
  expect(await applied()).toEqual(once)
})

it('without a database the job fails, and names the variable', async () => {
  await expect(migrate({})).rejects.toThrow(/DATABASE_URL: not set/)
})
