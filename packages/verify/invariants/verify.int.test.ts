import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
// notifications: optional
import { createRetentionWorker, type Pruning } from '@sidecart/chassis/messaging/retention.ts'
// /notifications
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
// notifications: optional
import type { MessagingTables } from '@sidecart/chassis/persistence/messaging-tables.ts'
// /notifications
import type { Places, ShopService } from '@sidecart/client/connection-info.ts'
import { signingKey } from '@sidecart/platform/config/secrets.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { until } from '@sidecart/testing/until.ts'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { migrations as catalog } from '../../../services/catalog/migrations/index.ts'
// notifications: optional
import { migrations as notifications } from '../../../services/notifications/migrations/index.ts'
import { mailPruning } from '../../../services/notifications/store.ts'
// /notifications
import { migrations as orders } from '../../../services/orders/migrations/index.ts'
import { migrations as payments } from '../../../services/payments/migrations/index.ts'
import { migrations as users } from '../../../services/users/migrations/index.ts'
import { writeHistory } from '../seed/history.ts'
import { type Verdict, verify } from './verify.ts'

const run = promisify(execFile)
const log = pino({ level: 'silent' })
const sizes = { small: 800, large: 15_000 }

let folder: string
let places: Places & { memory: string }
let gateway: Server
const databases: TestDatabase[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-verify-test-'))
  const urls: Record<string, string> = {}
  for (const [name, migrations] of Object.entries({
    users,
    catalog,
    orders,
    payments,
    notifications, // notifications: optional line
  })) {
    const database = await testDatabase(name)
    databases.push(database)
    urls[name] = database.url
    const open = await openDatabase({ connectionString: database.url, migrations, log })
    await open.close()
  }
  // a gateway for verify only: serves sign-in, and an empty list of the carts' dead letters
  gateway = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(request.url === '/sessions' ? '{"accessToken":"t"}' : '{"deadLetters":[]}')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => gateway.once('listening', resolve))
  const { port } = gateway.address() as AddressInfo
  places = {
    databases: urls as Places['databases'],
    providerLog: join(folder, 'log.jsonl'),
    gateway: `http://127.0.0.1:${port}`,
    signingKeys: JSON.stringify([await signingKey()]),
    memory: join(folder, 'memory'),
  }
  await execute('catalog', products)
  await writeHistory(places, { orders: sizes.small })
}, 120_000)

afterAll(async () => {
  gateway.close()
  for (const { dispose } of databases) await dispose()
  await rm(folder, { recursive: true, force: true })
})

const products = `
  insert into products (sku, name, description, category, price, shape, palette, low_stock_at)
    select 'SKU-' || n, 'Thing ' || n, '', 'things', 100 + n, '', '', 1 from generate_series(1, 9) as n;
  insert into stock (sku, on_hand) select sku, 50 from products;
  insert into stock_movements (sku, kind, on_hand) select sku, 'initial', 50 from products`

async function execute(service: ShopService, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: places.databases[service] })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const red = ({ checks }: Verdict) => checks.filter(({ ok }) => !ok).map(({ name }) => name)
const look = async (options: { all?: boolean } = {}) =>
  red(await verify(places, { graceSeconds: 0, ...options }))

describe('a written history', () => {
  it('is consistent', async () => {
    expect(await look({ all: true })).toEqual([])
  })

  // notifications: optional
  it('is found wanting when a consumer has marked an event too many', async () => {
    const [mark, undo] = [
      `insert into inbox (event_id) values ('one too many')`,
      `delete from inbox where event_id = 'one too many'`,
    ]
    await execute('notifications', mark)
    expect(await look({ all: true })).toEqual(['inboxes-full'])
    await execute('notifications', undo)
    expect(await look({ all: true })).toEqual([])
  })
  // /notifications

  it('is refused where customers have ordered', async () => {
    const some = `update orders set idempotency_key = 'of a customer' where id = (select id from orders limit 1)`
    await execute('orders', some)
    await expect(writeHistory(places, { orders: 1 })).rejects.toThrow('--force')
  })
})

describe('after a clean check', () => {
  beforeEach(async () => {
    expect(await look({ all: true })).toEqual([])
  })

  /** A corruption of an old order, the SQL to undo it, and the checks bound to detect it. */
  const harms: [
    what: string,
    service: ShopService,
    harm: string,
    mend: string,
    noticed: string[],
  ][] = [
    [
      'a payment is written to',
      'payments',
      `update payments set amount = amount + 1, updated_at = now() where order_id = (select min(order_id::text)::uuid from payments)`,
      `update payments set amount = amount - 1 where order_id = (select min(order_id::text)::uuid from payments)`,
      ['provider-agrees', 'ledger-balanced'],
    ],
    [
      'an order changes its state',
      'orders',
      `update orders set status = 'shipped', updated_at = now() - interval '1 s' where id = (select min(id::text)::uuid from orders where status = 'confirmed')`,
      `update orders set status = 'confirmed' where status = 'shipped'`,
      ['histories-legal'],
    ],
    [
      'a step of an old order is added',
      'orders',
      `insert into order_history (order_id, version, status, step, at) select id, version + 1, status, '', now() from orders order by id limit 1`,
      `delete from order_history where step = ''`,
      ['histories-legal'],
    ],
    [
      'stock moves once more for an old order',
      'catalog',
      `insert into stock_movements (sku, kind, on_hand, reserved, order_id)
        select sku, kind, on_hand, reserved, order_id from stock_movements where kind = 'reserved' order by order_id limit 1`,
      `delete from stock_movements where at = (select max(at) from stock_movements where order_id is not null)`,
      ['stock-adds-up', 'stock-moved-once'],
    ],
    [
      'a payment belongs to no order',
      'payments',
      `insert into payments (order_id, payment_id, version, status, reason) values ('ffffffff-0000-7000-8000-000000000000', gen_random_uuid(), 1, 'voided', 'x')`,
      `delete from payments where reason = 'x'`,
      ['no-unknown-charges'],
    ],
    // notifications: optional
    [
      'an event is noted down that was never published',
      'notifications',
      `insert into mails (id, customer_id, order_id, kind, event, status, attempts_allowed, due_at)
        select gen_random_uuid(), customer_id, order_id, 'nothing', '{}', 'suppressed', 1, now() from mails order by order_id limit 1`,
      `delete from mails where kind = 'nothing'`,
      ['events-processed'],
    ],
    // /notifications
  ]

  it.each(harms)('what changed is noticed: %s', async (_, service, harm, mend, noticed) => {
    await execute(service, harm)
    expect((await look()).sort()).toEqual([...noticed].sort())
    // a finding is reported until repaired
    expect((await look()).sort()).toEqual([...noticed].sort())
    await execute(service, mend)
    expect(await look({ all: true })).toEqual([])
  })

  // notifications: optional
  it('a mail to an address that is not confirmed is noticed', async () => {
    const mark = (confirmed: boolean) =>
      execute(
        'notifications',
        `update contacts set confirmed = ${confirmed} where user_id = (select min(customer_id::text)::uuid from mails where status = 'sent')`,
      )
    await mark(false)
    expect(await look({ all: true })).toEqual(['mails-to-confirmed'])
    await mark(true)
    expect(await look({ all: true })).toEqual([])
  })
  // /notifications

  it('what the provider did to an old order is noticed', async () => {
    const text = await readFile(places.providerLog, 'utf8')
    const charge = text.split('\n').find((line) => line.includes('"captured"')) ?? ''
    await appendFile(places.providerLog, `${charge.replace(/"charge":"/, '"charge":"twice-')}\n`)
    expect(await look()).toContain('provider-agrees')
    await writeFile(places.providerLog, text)
    expect(await look()).toEqual([])
  })

  it('what was written behind the back of its time is found by --all', async () => {
    const harm = (to: string, from: string) =>
      execute(
        'orders',
        `update orders set status = '${to}' where id = (select max(id::text)::uuid from orders where status = '${from}')`,
      )
    await harm('shipped', 'confirmed')
    expect(await look()).toEqual([])
    expect(await look({ all: true })).toEqual(['histories-legal'])
    await harm('confirmed', 'shipped')
  })

  it('another database in the place of one is checked from the start', async () => {
    const mark = join(places.memory, 'checked.json')
    const known = JSON.parse(await readFile(mark, 'utf8'))
    await writeFile(mark, JSON.stringify({ ...known, orders: { ...known.orders, identity: '0' } }))
    await execute('orders', `update orders set version = version + 1 where status = 'confirmed'`)
    expect(await look()).toEqual(['histories-legal'])
    await execute('orders', `update orders set version = version - 1 where status = 'confirmed'`)
  })
})

// notifications: optional
describe('what was deleted because of its age', () => {
  it('is no violation, and what is wrong beside it still is one', async () => {
    await prune('catalog', catalog)
    await prune('orders', orders)
    await prune('notifications', notifications, [mailPruning])
    expect(await look({ all: true })).toEqual([])
    const [lose, undo] = [
      `insert into inbox (event_id) values ('one too many')`,
      `delete from inbox where event_id = 'one too many'`,
    ]
    await execute('notifications', lose)
    expect(await look({ all: true })).toEqual(['inboxes-full'])
    await execute('notifications', undo)
  })

  /** Deletes all that is old in a hundred days. */
  async function prune(
    service: ShopService,
    migrations: Parameters<typeof openDatabase>[0]['migrations'],
    prunings: readonly Pruning[] = [],
  ): Promise<void> {
    const connectionString = places.databases[service]
    const database = await openDatabase<MessagingTables>({ connectionString, migrations, log })
    const now = () => Date.now() + 100 * 86_400_000
    const options = {
      database: database as Database<unknown>,
      log,
      retentionDays: 90,
      now,
      prunings,
    }
    const worker = createRetentionWorker(options)
    worker.start()
    const tables = ['inbox', ...prunings.map(({ table }) => table)]
    const isEmpty = async () => {
      for (const table of tables)
        if ((await execute(service, `select from ${table} limit 1`)).length > 0) return false
      return true
    }
    await until(`${tables.join(' and ')} of ${service} are empty`, isEmpty, 30_000)
    await worker.stop()
    await database.close()
  }
})
// /notifications

describe('memory', () => {
  const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)

  /**
   * Runs code in a process with a limited heap and returns its output. The process dies when it
   * needs more.
   */
  async function within(heapMb: number, code: string): Promise<string> {
    const args = [`--max-old-space-size=${heapMb}`, '--input-type=module', '--eval', code]
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 26 })
    return stdout
  }

  it('does not grow with the history: a heap holds a check of more orders than fit into it', async () => {
    await writeHistory(places, { orders: sizes.large, force: true })
    const streamed = await within(
      40,
      `const { verify } = await import(${url('verify.ts')})
      const verdict = await verify(${JSON.stringify(places)}, { graceSeconds: 0, all: true })
      console.log(JSON.stringify(verdict))`,
    )
    expect(red(JSON.parse(streamed))).toEqual([])
    const whole = within(
      40,
      `const { readSnapshot } = await import(${url('read.ts')})
      const carts = { ask: async () => ({ deadLetters: [] }) }
      console.log((await readSnapshot(${JSON.stringify(places)}, carts)).orders.length)`,
    )
    await expect(whole).rejects.toThrow('heap')
  }, 240_000)
})
