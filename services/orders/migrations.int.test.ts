import { euro } from '@sidecart/chassis/contract/money.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { next } from './domain.ts'
import { migrations } from './migrations/index.ts'
import { createOrderStore, type OrdersTables } from './store.ts'

const log = createLog('orders', 'silent')
const at = new Date('2026-05-01T12:00:00Z')
const customerId = uuid()
let place: TestDatabase

beforeAll(async () => {
  place = await testDatabase('orders')
})
afterAll(() => place.dispose())

const open = (only: (name: string) => boolean) =>
  openDatabase<OrdersTables>({
    connectionString: place.url,
    migrations: Object.fromEntries(Object.entries(migrations).filter(([name]) => only(name))),
    log,
  })

it('an order that was refunded before it was shipped gives its goods back after the update, and others keep theirs', async () => {
  const before = await open((name) => name < '004')
  const ids: Record<string, string> = {}
  for (const [name, states] of Object.entries({
    'refunded at once': ['confirmed', 'refunding', 'refunded'],
    'refunded after delivery': ['shipped', 'delivered', 'refunding', 'refunded'],
    delivered: ['shipped', 'delivered'],
  })) {
    const id = uuid()
    ids[name] = id
    const order = {
      id,
      customer_id: customerId,
      idempotency_key: id,
      request_hash: '',
      version: states.length,
      status: states.at(-1) as 'refunded' | 'delivered',
      reservation: 'held' as const,
      charge: 'charged' as const,
      lines: JSON.stringify([{ sku: 'MUG', quantity: 2, name: 'Mug', unitPrice: euro(1490) }]),
      ship_to: JSON.stringify({}),
      card: 'card_approved',
      total: 2980,
      currency: 'EUR',
      deadline_at: at,
      placed_at: at,
      updated_at: at,
    }
    await before.rows
      .insertInto('orders')
      .values(order as never)
      .execute()
    const history = states.map((status, index) => ({
      order_id: id,
      version: index + 1,
      status,
      step: status,
      at: new Date(at.getTime() + index * 1000),
    }))
    await before.rows
      .insertInto('order_history')
      .values(history as never)
      .execute()
  }
  await before.close()

  const after = await open(() => true)
  const store = createOrderStore(after)
  const found = async (name: string) => {
    const order = await store.find(ids[name] ?? '', { userId: customerId, role: 'customer' })
    if (!order) throw new Error(`${name} is gone`)
    return order
  }
  expect(next(await found('refunded at once'))).toEqual({ command: 'return goods' })
  expect(await store.claim(10, 1_000)).toHaveLength(1)
  expect(next(await found('refunded after delivery'))).toBeUndefined()
  expect((await found('refunded after delivery')).refundedTotal).toEqual(euro(2980))
  expect(await found('delivered')).toMatchObject({
    status: 'delivered',
    shippedAt: at,
    deliveredAt: new Date(at.getTime() + 1000),
    refundedTotal: euro(0),
    refunds: [],
  })
  await after.close()
})
