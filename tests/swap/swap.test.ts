// notifications: optional file
import { join } from 'node:path'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { output } from '@sidecart/platform/process/spawn.ts'
import { serverBehind } from '@sidecart/platform/servers/registry.ts'
import { until } from '@sidecart/testing/until.ts'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'

const project = projectAt(join(import.meta.dirname, '../..'))
const [from, to] = [
  process.env.SIDECART_SWAP_FROM ?? 'jetstream',
  process.env.SIDECART_SWAP_TO ?? 'redis',
]

/** Placed, charged, confirmed. */
const eventsOfAnOrder = 3

const sidecart = (...args: string[]) =>
  output(process.execPath, ['packages/cli/bin.mjs', ...args], 400_000, { cwd: project.root })

const bought: string[] = []

async function buy(): Promise<void> {
  bought.push(JSON.parse(await sidecart('order', '--json')).orderId)
}

async function query(database: string, sql: string): Promise<number> {
  const client = new pg.Client({ connectionString: readSecrets(project)[`${database}-database`] })
  await client.connect()
  try {
    return Number((await client.query<{ count: string }>(sql, [bought])).rows[0]?.count)
  } finally {
    await client.end()
  }
}
/** Counts only mails of orders placed here; other orders may receive mails at any time. */
const received = () =>
  query('notifications', 'select count(*) from mails where order_id::text = any($1)')
const inOutbox = (service: string) =>
  query(service, `select count(*) from outbox where data ->> 'orderId' = any($1)`)
const inOutboxes = async () => (await inOutbox('orders')) + (await inOutbox('payments'))

beforeAll(() => sidecart('up', '--detach', '--broker', from))
afterAll(() => sidecart('down'))

test(`no event is lost between ${from} and ${to}, neither in the outboxes nor in the old broker`, async () => {
  await sidecart('stop', 'notifications', '--with-sidecar')
  await buy()
  await buy()
  await until('the broker has it all', async () => (await inOutboxes()) === 0, 30_000)
  await sidecart('stop', serverBehind('broker', from, project.root)?.name ?? from)
  await buy()
  expect(await inOutboxes()).toBe(eventsOfAnOrder)
  expect(await received()).toBe(0)

  await sidecart('swap', '--from', from, '--to', to)
  const all = bought.length * eventsOfAnOrder
  await until('all of it was received', async () => (await received()) >= all, 60_000)
  expect(await received()).toBe(all)
  expect(await sidecart('verify')).not.toContain('✗')
}, 600_000)
