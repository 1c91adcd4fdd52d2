import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { secrets } from './client.ts'
import { sidecart } from './shop.ts'

type Doctor = { ok: boolean; checks: { name: string; ok: boolean; detail: string }[] }

const doctor = async (): Promise<Doctor> =>
  JSON.parse(
    await sidecart('doctor', '--json').catch((error: { stdout: string }) => error.stdout),
  ) as Doctor

it('every running server puts on the disk what it acknowledges', async () => {
  const { ok, checks } = await doctor()
  expect(checks.filter(({ ok }) => !ok)).toEqual([])
  expect(ok).toBe(true)
  const running = ['processes', 'disk', 'clock', 'certificate ca.crt']
  expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(running))
})

it('one role that commits without waiting for the disk is found', async () => {
  // a rotation changes between the logins orders and orders_2
  const role = new URL(secrets()['orders-database'] ?? '').username
  onTestFinished(() => asSuperuser(`ALTER ROLE ${role} RESET synchronous_commit`))
  await asSuperuser(`ALTER ROLE ${role} SET synchronous_commit = off`)
  const { ok, checks } = await doctor()
  expect(ok).toBe(false)
  expect(checks.filter(({ ok }) => !ok)).toEqual([
    { name: 'database-orders', ok: false, detail: 'synchronous_commit is off, not on' },
  ])
})

async function asSuperuser(sql: string): Promise<void> {
  const url = new URL(secrets()['orders-database'] ?? '')
  const superuser = { username: 'postgres', password: secrets()['postgres-superuser'] ?? '' }
  Object.assign(url, superuser, { pathname: '/postgres' })
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
