import { euro } from '@sidecart/chassis/contract/money.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { databaseTraffic } from '@sidecart/testing/database-traffic.ts'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { charged, type Order, place, reserved } from './domain.ts'
import { migrations } from './migrations/index.ts'
import { createOrderStore, type OrdersTables } from './store.ts'

let server: TestDatabase
let database: Database<OrdersTables>

beforeAll(async () => {
  server = await testDatabase('orders_traffic')
  const log = createLog('tests', 'silent')
  database = await openDatabase<OrdersTables>({ connectionString: server.url, migrations, log })
})
afterAll(async () => {
  await database.close()
  await server.dispose()
})

const lines = [{ sku: 'MUG', quantity: 1 }]
const shipTo = { name: 'Ada', street: 'A 1', postalCode: '20457', city: 'Hamburg', country: 'DE' }

it('a step of an order is one message to the database, with the order, its history and its events', async () => {
  const store = createOrderStore(database)
  let order: Order
  const steps = {
    async place() {
      const id = uuid()
      const request = { lines, shipTo, card: 'card_approved', cartId: id }
      const change = place(id, uuid(), request, new Date(), new Date(Date.now() + 60_000))
      const placed = await store.place(change, { key: id, requestHash: 'hash' }, 8_000)
      order = placed.order
    },
    async reserve() {
      const priced = lines.map((line) => ({ ...line, name: 'Mug', unitPrice: euro(500) }))
      const reply = { outcome: 'reserved' as const, lines: priced, total: euro(500) }
      order = await store.record(order, 0, (known) => reserved(known, reply))
    },
    async charge() {
      order = await store.record(order, 0, (known) => charged(known, { outcome: 'charged' }))
      expect(order.status).toBe('confirmed')
    },
  }
  // the first execution of a statement on a connection is sent alone
  for (const step of Object.values(steps)) await step()
  expect(await databaseTraffic(steps.place)).toEqual({ roundTrips: 1, statements: 3 })
  expect(await databaseTraffic(steps.reserve)).toEqual({ roundTrips: 1, statements: 2 })
  expect(await databaseTraffic(steps.charge)).toEqual({ roundTrips: 1, statements: 3 })
})

it('an outcome that meets a changed order is decided again', async () => {
  const store = createOrderStore(database)
  const id = uuid()
  const request = { lines, shipTo, card: 'card_approved', cartId: id }
  const change = place(id, uuid(), request, new Date(), new Date(Date.now() + 60_000))
  const { order } = await store.place(change, { key: id, requestHash: 'hash' }, 8_000)
  const refused = { outcome: 'refused' as const, code: 'out-of-stock' as const }
  const decide = (known: Order) => reserved(known, refused)
  const versions = await Promise.all([1, 2, 3].map(() => store.record(order, 0, decide)))
  const history = await store.history(id)
  expect(new Set(history.map(({ version }) => version)).size).toBe(history.length)
  expect(Math.max(...versions.map(({ version }) => version))).toBe(history.at(-1)?.version)
})
