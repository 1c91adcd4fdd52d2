import { euro } from '@sidecart/chassis/contract/money.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { databaseTraffic } from '@sidecart/testing/database-traffic.ts'
import { until } from '@sidecart/testing/until.ts'
import { sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalogEvents, type ReservationReply } from './contract.ts'
import { openTestCatalog, product, type TestCatalog } from './testing.ts'

let place: TestDatabase
let shop: TestCatalog

beforeAll(async () => {
  place = await testDatabase('catalog')
  shop = await openTestCatalog(place.url)
})
afterAll(async () => {
  await shop.close()
  await place.dispose()
})

type Lines = { sku: string; quantity: number }[]

async function reserve(orderId: string, lines: Lines): Promise<ReservationReply> {
  const answer = await put(orderId, lines)
  expect(answer.status).toBe(200)
  return (await answer.json()) as ReservationReply
}

const put = async (orderId: string, lines: Lines) =>
  shop.app.request(`/internal/reservations/${orderId}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ lines }),
  })

const release = async (orderId: string) => {
  const answer = await shop.app.request(`/internal/reservations/${orderId}`, { method: 'DELETE' })
  expect(await answer.json()).toEqual({ outcome: 'released' })
}

const receive = async (announcement: { topic: string; data: unknown }, id = uuid()) => {
  const { topic, data } = announcement
  const answer = await shop.app.request(`/events/${topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify({ id, type: topic, source: 'orders', specversion: '1.0', data }),
  })
  expect(await answer.json()).toEqual({ status: 'SUCCESS' })
}

const confirmed = (orderId: string) =>
  orderEvents.confirmed({ orderId, customerId: uuid(), version: 4, lines: [], total: euro(0) })
const cancelled = (orderId: string) =>
  orderEvents.cancelled({ orderId, customerId: uuid(), version: 4, reason: 'customer-request' })

async function stockOf(sku: string) {
  const { on_hand, reserved, sold } = await shop.database.rows
    .selectFrom('stock')
    .selectAll()
    .where('sku', '=', sku)
    .executeTakeFirstOrThrow()
  return { onHand: on_hand, reserved, sold }
}

const deadLetters = async (orderId: string) => {
  const letters = await shop.database.rows
    .selectFrom('dead_letters')
    .select('cause')
    .where(sql`event -> 'data' ->> 'orderId'`, '=', orderId)
    .execute()
  return letters.map(({ cause }) => cause)
}

/** Checks the stock invariants in SQL, independent of the service's code. */
async function expectBalancedStock() {
  const { rows } = await sql`
    select sku from stock join (
      select sku, sum(on_hand) as on_hand, sum(reserved) as reserved, sum(sold) as sold,
        sum(on_hand + reserved + sold) filter (where kind in ('initial', 'adjusted')) as put_in
      from stock_movements group by sku
    ) as moved using (sku)
    where (stock.on_hand, stock.reserved, stock.sold) <> (moved.on_hand, moved.reserved, moved.sold)
      or put_in <> stock.on_hand + stock.reserved + stock.sold`.execute(shop.database.rows)
  expect(rows).toEqual([])
}

it('a reservation is one message to the database, the sale two, a product one', async () => {
  const [sku, another] = ['TRAFFIC', 'MORE-TRAFFIC']
  await shop.store.products.seed([product(sku), product(another)])
  const orderId = uuid()
  const one = () => reserve(orderId, [{ sku, quantity: 1 }])
  const sale = () => receive(confirmed(orderId))
  const read = async () => shop.app.request(`/products/${another}`)
  const other = uuid()
  await reserve(other, [{ sku, quantity: 1 }])
  await receive(confirmed(other))
  await shop.app.request(`/products/${sku}`)
  expect(await databaseTraffic(one)).toEqual({ roundTrips: 1, statements: 1 })
  expect(await databaseTraffic(sale)).toEqual({ roundTrips: 2, statements: 4 })
  expect(await databaseTraffic(read)).toEqual({ roundTrips: 1, statements: 1 })
})

describe('reserving', () => {
  it('holds every line at today’s price and says what it costs', async () => {
    await shop.store.products.seed([
      product('CUP', { name: 'Cup', price: 1490 }),
      product('JUG', { name: 'Jug', price: 3900 }),
    ])
    const reply = await reserve(uuid(), [
      { sku: 'JUG', quantity: 1 },
      { sku: 'CUP', quantity: 2 },
    ])
    expect(reply).toEqual({
      outcome: 'reserved',
      lines: [
        { sku: 'CUP', name: 'Cup', quantity: 2, unitPrice: euro(1490) },
        { sku: 'JUG', name: 'Jug', quantity: 1, unitPrice: euro(3900) },
      ],
      total: euro(6880),
    })
    expect(await stockOf('CUP')).toEqual({ onHand: 8, reserved: 2, sold: 0 })
  })

  it('holds nothing when one line cannot be had', async () => {
    await shop.store.products.seed([
      product('PLENTY'),
      product('SCARCE', { stock: 1 }),
      product('GONE'),
    ])
    await shop.store.products.change('GONE', (gone) => ({
      product: { ...gone, discontinued: true },
      events: [],
    }))
    const beside = (sku: string, quantity = 1) =>
      reserve(uuid(), [
        { sku: 'PLENTY', quantity: 1 },
        { sku, quantity },
      ])
    expect(await beside('SCARCE', 2)).toEqual({
      outcome: 'refused',
      code: 'out-of-stock',
      sku: 'SCARCE',
    })
    expect(await beside('NEVER-HEARD')).toEqual({
      outcome: 'refused',
      code: 'unknown-sku',
      sku: 'NEVER-HEARD',
    })
    expect(await beside('GONE')).toEqual({ outcome: 'refused', code: 'discontinued', sku: 'GONE' })
    expect(await stockOf('PLENTY')).toEqual({ onHand: 10, reserved: 0, sold: 0 })
    expect(await stockOf('SCARCE')).toEqual({ onHand: 1, reserved: 0, sold: 0 })
  })

  it('adds up lines of the same product', async () => {
    await shop.store.products.seed([product('TWICE')])
    const twice = [
      { sku: 'TWICE', quantity: 6 },
      { sku: 'TWICE', quantity: 5 },
    ]
    expect(await reserve(uuid(), twice)).toMatchObject({ code: 'out-of-stock' })
  })

  it('gives the same answer again, also after the price has changed', async () => {
    await shop.store.products.seed([product('FICKLE', { price: 500 })])
    const orderId = uuid()
    const lines = [{ sku: 'FICKLE', quantity: 3 }]
    const first = await reserve(orderId, lines)
    await shop.store.products.change('FICKLE', (was) => ({
      product: { ...was, price: 9900, name: 'Dear' },
      events: [],
    }))
    expect(await reserve(orderId, lines)).toEqual(first)
    expect(await stockOf('FICKLE')).toEqual({ onHand: 7, reserved: 3, sold: 0 })
  })

  it('remembers a refusal, also after new stock has come', async () => {
    await shop.store.products.seed([product('LATER', { stock: 0 })])
    const orderId = uuid()
    const lines = [{ sku: 'LATER', quantity: 1 }]
    const first = await reserve(orderId, lines)
    await shop.store.stock.adjust(
      'LATER',
      { delta: 5, reason: 'delivery' },
      undefined,
      (stock) => ({
        stock: { ...stock, onHand: 5 },
        events: [],
      }),
    )
    expect(await reserve(orderId, lines)).toEqual(first)
    expect(await reserve(uuid(), lines)).toMatchObject({ outcome: 'reserved' })
  })

  it('refuses other lines under the same order', async () => {
    await shop.store.products.seed([product('FIRST'), product('SECOND')])
    const orderId = uuid()
    await reserve(orderId, [{ sku: 'FIRST', quantity: 1 }])
    const answer = await put(orderId, [{ sku: 'SECOND', quantity: 1 }])
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'reservation-differs' })
  })

  it('takes nothing twice when the same order asks many times at once', async () => {
    await shop.store.products.seed([product('EAGER', { lowStockAt: 9 })])
    const orderId = uuid()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => reserve(orderId, [{ sku: 'EAGER', quantity: 2 }])),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(await stockOf('EAGER')).toEqual({ onHand: 8, reserved: 2, sold: 0 })
  })
})

describe('releasing', () => {
  it('gives back what is held, once', async () => {
    await shop.store.products.seed([product('BACK')])
    const orderId = uuid()
    await reserve(orderId, [{ sku: 'BACK', quantity: 4 }])
    await release(orderId)
    await release(orderId)
    await receive(cancelled(orderId))
    expect(await stockOf('BACK')).toEqual({ onHand: 10, reserved: 0, sold: 0 })
  })

  it('before any reserve leaves a mark, so that a late reserve holds nothing', async () => {
    await shop.store.products.seed([product('LATE')])
    const orderId = uuid()
    await release(orderId)
    const late = await reserve(orderId, [{ sku: 'LATE', quantity: 1 }])
    expect(late).toEqual({ outcome: 'refused', code: 'released' })
    expect(await stockOf('LATE')).toEqual({ onHand: 10, reserved: 0, sold: 0 })
  })

  it('and asking again afterwards is refused', async () => {
    await shop.store.products.seed([product('AGAIN')])
    const orderId = uuid()
    await reserve(orderId, [{ sku: 'AGAIN', quantity: 1 }])
    await release(orderId)
    expect(await reserve(orderId, [{ sku: 'AGAIN', quantity: 1 }])).toEqual({
      outcome: 'refused',
      code: 'released',
    })
  })

  it('does not touch what is sold', async () => {
    await shop.store.products.seed([product('DONE')])
    const orderId = uuid()
    await reserve(orderId, [{ sku: 'DONE', quantity: 1 }])
    await receive(confirmed(orderId))
    await release(orderId)
    expect(await stockOf('DONE')).toEqual({ onHand: 9, reserved: 0, sold: 1 })
  })
})

describe('returning the goods of a refunded order', () => {
  const giveBack = (orderId: string) =>
    shop.app.request(`/internal/reservations/${orderId}/return`, { method: 'PUT' })

  it('puts what was sold back on hand, once, however often and at once it is asked', async () => {
    const [sku, orderId] = ['BACK-A', uuid()]
    await shop.store.products.seed([product(sku)])
    await reserve(orderId, [{ sku, quantity: 2 }])
    await receive(confirmed(orderId))
    expect(await stockOf(sku)).toEqual({ onHand: 8, reserved: 0, sold: 2 })
    const answers = await Promise.all(Array.from({ length: 5 }, () => giveBack(orderId)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(await stockOf(sku)).toEqual({ onHand: 10, reserved: 0, sold: 0 })
    expect(await shop.store.stock.ofOrder(orderId)).toMatchObject({
      reservation: { status: 'released', returned: true },
      movements: [
        { kind: 'reserved' },
        { kind: 'sold' },
        { kind: 'released', onHand: 2, sold: -2 },
      ],
    })
    await expectBalancedStock()
  })

  it('is faster than the event of its sale, which then changes nothing', async () => {
    const [sku, orderId] = ['BACK-B', uuid()]
    await shop.store.products.seed([product(sku)])
    await reserve(orderId, [{ sku, quantity: 2 }])
    expect((await giveBack(orderId)).status).toBe(200)
    expect(await stockOf(sku)).toEqual({ onHand: 10, reserved: 0, sold: 0 })
    await receive(confirmed(orderId))
    await receive(cancelled(orderId))
    expect(await stockOf(sku)).toEqual({ onHand: 10, reserved: 0, sold: 0 })
    expect(await deadLetters(orderId)).toEqual([])
    await expectBalancedStock()
  })

  it('is refused for an order that holds nothing', async () => {
    const [sku, released] = ['BACK-C', uuid()]
    await shop.store.products.seed([product(sku)])
    await reserve(released, [{ sku, quantity: 2 }])
    await release(released)
    for (const orderId of [released, uuid()]) {
      const answer = await giveBack(orderId)
      expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'not-reserved' }])
    }
    expect(await stockOf(sku)).toEqual({ onHand: 10, reserved: 0, sold: 0 })
  })
})

describe('consumer what became of an order', () => {
  it('turns held into sold when it is confirmed, however often that is asked', async () => {
    await shop.store.products.seed([product('SOLD')])
    const orderId = uuid()
    await reserve(orderId, [{ sku: 'SOLD', quantity: 3 }])
    const sameEvent = uuid()
    await receive(confirmed(orderId), sameEvent)
    await receive(confirmed(orderId), sameEvent)
    await receive(confirmed(orderId))
    expect(await stockOf('SOLD')).toEqual({ onHand: 7, reserved: 0, sold: 3 })
    expect(await deadLetters(orderId)).toEqual([])
  })

  it('gives back what is still held when it is cancelled', async () => {
    await shop.store.products.seed([product('CANCELLED')])
    const orderId = uuid()
    await reserve(orderId, [{ sku: 'CANCELLED', quantity: 3 }])
    await receive(cancelled(orderId))
    expect(await stockOf('CANCELLED')).toEqual({ onHand: 10, reserved: 0, sold: 0 })
  })

  it('keeps a dead letter when a confirmed order holds nothing', async () => {
    const orderId = uuid()
    await release(orderId)
    await receive(confirmed(orderId))
    expect(await deadLetters(orderId)).toEqual([
      `not-reserved: Order ${orderId} is confirmed, but its stock is released.`,
    ])
  })
})

describe('low stock', () => {
  const low = async (sku: string) =>
    (await shop.emitted(catalogEvents.stockLow.topic)).filter((event) => event.sku === sku)

  it('is emitted once per crossing, with the reservation that caused it', async () => {
    await shop.store.products.seed([product('LOW', { name: 'Low', stock: 10, lowStockAt: 8 })])
    const take = (quantity: number) => {
      const orderId = uuid()
      return reserve(orderId, [{ sku: 'LOW', quantity }]).then(() => orderId)
    }
    await take(2)
    expect(await low('LOW')).toEqual([])
    const crossing = await take(1)
    await take(1)
    const event = { sku: 'LOW', name: 'Low', onHand: 7, lowStockAt: 8 }
    expect(await low('LOW')).toEqual([event])
    await release(crossing)
    await release(await take(1))
    await release(await take(2))
    expect(await low('LOW')).toEqual([event])
  })

  it('is not emitted by an order that gets nothing', async () => {
    await shop.store.products.seed([product('KEEP', { stock: 10, lowStockAt: 8 })])
    await reserve(uuid(), [
      { sku: 'KEEP', quantity: 9 },
      { sku: 'NOWHERE', quantity: 1 },
    ])
    expect(await low('KEEP')).toEqual([])
  })
})

describe('many buyers at once', () => {
  it('400 buyers of 100 pieces: exactly 100 get one', async () => {
    await shop.store.products.seed([product('HYPE', { stock: 100, lowStockAt: 20 })])
    const outcomes = await inWaves(400, 50, () => reserve(uuid(), [{ sku: 'HYPE', quantity: 1 }]))
    expect(outcomes.filter(({ outcome }) => outcome === 'reserved')).toHaveLength(100)
    expect(await stockOf('HYPE')).toEqual({ onHand: 0, reserved: 100, sold: 0 })
    const events = await shop.emitted(catalogEvents.stockLow.topic)
    expect(events.filter(({ sku }) => sku === 'HYPE')).toHaveLength(1)
    await expectBalancedStock()
  })

  it('orders with the same products in any order do not block each other for good', async () => {
    const skus = ['MESH-A', 'MESH-B', 'MESH-C', 'MESH-D']
    await shop.store.products.seed(skus.map((sku) => product(sku, { stock: 150, lowStockAt: 75 })))
    let turn = 0
    shop.retryWorker.start()
    await inWaves(300, 50, async () => {
      const orderId = uuid()
      const start = turn++
      const lines = [0, 1, 2].map((step) => ({
        sku: skus[(start * (step + 1) + step) % 4] as string,
        quantity: 1 + (start % 2),
      }))
      const [reply] = await Promise.all([
        reserve(orderId, lines),
        start % 5 === 0 ? release(orderId) : undefined,
      ])
      if (start % 5 > 0 && reply.outcome === 'reserved')
        await receive(start % 2 === 0 ? confirmed(orderId) : cancelled(orderId))
      return reply
    })
    await until(
      'events that took longer than their deadline are handled',
      async () => {
        const waiting = shop.database.rows
          .selectFrom('dead_letters')
          .select('id')
          .where('next_attempt_at', 'is not', null)
        return (await waiting.execute()).length === 0
      },
      20_000,
    )
    await shop.retryWorker.stop()
    await expectBalancedStock()
    const held = await sql<{ sku: string; held: number }>`
      select sku, sum(quantity)::integer as held from reservations, jsonb_to_recordset(lines) as line (sku text, quantity integer)
      where status = 'reserved' and sku like 'MESH-%' group by sku`.execute(shop.database.rows)
    expect(held.rows).toEqual([])
    for (const sku of skus) expect(await stockOf(sku)).toMatchObject({ reserved: 0 })
    expect(await shop.database.rows.selectFrom('dead_letters').selectAll().execute()).toHaveLength(
      1,
    )
  })
})

/** Runs `work` `times` times, `width` at a time. */
async function inWaves<T>(times: number, width: number, work: () => Promise<T>): Promise<T[]> {
  const done: T[] = []
  let started = 0
  async function worker() {
    while (started < times) {
      started += 1
      done.push(await work())
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return done
}

describe('what an order has done to the stock', () => {
  const asked = async (orderId: string, role: 'customer' | 'operator') =>
    shop.app.request(`/catalog/orders/${orderId}`, {
      headers: await shop.tokens.bearer(uuid(), role),
    })

  it('is told to operators, oldest first', async () => {
    const orderId = uuid()
    await shop.store.products.seed([product('TRACKED')])
    await reserve(orderId, [{ sku: 'TRACKED', quantity: 2 }])
    await receive(confirmed(orderId))
    expect(await (await asked(orderId, 'operator')).json()).toMatchObject({
      reservation: { status: 'sold' },
      movements: [
        { sku: 'TRACKED', kind: 'reserved', onHand: -2, reserved: 2 },
        { sku: 'TRACKED', kind: 'sold', reserved: -2, sold: 2 },
      ],
    })
    expect((await asked(orderId, 'customer')).status).toBe(403)
  })

  it('is nothing for an order that was never here', async () => {
    expect(await (await asked(uuid(), 'operator')).json()).toEqual({ movements: [] })
  })
})
