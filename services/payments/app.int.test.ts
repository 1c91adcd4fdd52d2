import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Identity } from '@sidecart/chassis/http/authentication.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { databaseTraffic } from '@sidecart/testing/database-traffic.ts'
import { sql } from 'kysely'
import { pino } from 'pino'
import { v7 as uuid } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createPaymentsApp } from './app.ts'
import { createProvider } from './clients.ts'
import { migrations } from './migrations/index.ts'
import { createPaymentService } from './payment-service.ts'
import {
  apiKey,
  logFolder,
  type RunningSandbox,
  serveSandbox,
  spawnSandbox,
} from './sandbox/testkit.ts'
import { createPaymentRepository, type PaymentsTables } from './store.ts'

const log = pino({ level: 'silent' })
const customerId = uuid()
const identities: Record<string, Identity> = {
  owner: { userId: customerId, role: 'customer' },
  stranger: { userId: uuid(), role: 'customer' },
  operator: { userId: uuid(), role: 'operator' },
}
const verify = async (token: string): Promise<Identity> => {
  const identity = identities[token]
  if (!identity) throw refused('unauthenticated', 'who?')
  return identity
}

let place: TestDatabase
let database: Database<PaymentsTables>
let folder: Awaited<ReturnType<typeof logFolder>>
let sandbox: RunningSandbox
let provider: ReturnType<typeof createProvider>

beforeAll(async () => {
  place = await testDatabase('payments')
  database = await openDatabase<PaymentsTables>({ connectionString: place.url, migrations, log })
})
afterAll(async () => {
  await database.close()
  await place.dispose()
})
beforeEach(async () => {
  folder = await logFolder()
  use(await serveSandbox(folder.path))
})
afterEach(async () => {
  await provider.close()
  await sandbox.stop()
  await folder.dispose()
})

function use(next: RunningSandbox): void {
  sandbox = next
  provider = createProvider({ url: next.url, apiKey, timeoutMs: 400 })
}

function app() {
  const payments = createPaymentRepository(database)
  const paymentService = createPaymentService({ payments, provider, newId: uuid })
  return createPaymentsApp({ paymentService, payments, verify, log, ready: database.ping })
}

async function send(method: string, path: string, body?: unknown, token?: string) {
  const answer = await app().request(path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, payload: (await answer.json()) as Record<string, unknown> }
}

const euro = (amount: number) => ({ amount, currency: 'EUR' })
const charge = (orderId: string, card = 'card_approved', amount = 1490) =>
  send('PUT', `/internal/charges/${orderId}`, { customerId, amount: euro(amount), card })
const refund = (orderId: string) =>
  send('PUT', `/internal/refunds/${orderId}`, { reason: 'customer-request' })
const look = (orderId: string, token: string) =>
  send('GET', `/payments/${orderId}`, undefined, token)

const atProvider = async (orderId: string) =>
  (await sandbox.log())
    .filter(({ key }) => key === orderId || key === `refund-${orderId}`)
    .map(({ effect }) => effect)

async function emitted(orderId: string) {
  const events = await database.rows
    .selectFrom('outbox')
    .select(['topic', 'data'])
    .orderBy('id')
    .execute()
  return events
    .map(({ topic, data }) => ({ topic, data: data as unknown as Record<string, unknown> }))
    .filter(({ data }) => data.orderId === orderId)
}
const topics = async (orderId: string) => (await emitted(orderId)).map(({ topic }) => topic)

async function statusOf(orderId: string): Promise<string | undefined> {
  const row = await database.rows
    .selectFrom('payments')
    .select('status')
    .where('order_id', '=', orderId)
    .executeTakeFirst()
  return row?.status
}

async function balance(): Promise<{ debit: number; credit: number }> {
  const { rows } = await sql<{ debit: number; credit: number }>`
    select coalesce(sum(amount) filter (where side = 'debit'), 0)::bigint as debit,
           coalesce(sum(amount) filter (where side = 'credit'), 0)::bigint as credit
    from ledger_entries`.execute(database.rows)
  return rows[0] ?? { debit: -1, credit: 1 }
}

test('a charge is two messages to the database: before and after the call of the provider', async () => {
  await charge(uuid())
  expect(await databaseTraffic(() => charge(uuid()))).toEqual({ roundTrips: 2, statements: 4 })
})

test('a charge takes the money once, however often it is asked for', async () => {
  const orderId = uuid()
  const first = await charge(orderId)
  expect(first).toMatchObject({ status: 200, payload: { outcome: 'charged' } })
  expect(await charge(orderId)).toEqual(first)
  expect(await atProvider(orderId)).toEqual(['captured'])
  expect(await emitted(orderId)).toMatchObject([
    { topic: 'payments-charged-v1', data: { customerId, amount: euro(1490), version: 1 } },
  ])
})

test('twenty charges at once for one order come to one capture, one event and one answer', async () => {
  // long time-out: on a busy machine the last of twenty charges waits longer than the usual one
  await provider.close()
  provider = createProvider({ url: sandbox.url, apiKey, timeoutMs: 10_000 })
  const orderId = uuid()
  const answers = await Promise.all(Array.from({ length: 20 }, () => charge(orderId)))
  expect(new Set(answers.map(({ payload }) => payload.paymentId)).size).toBe(1)
  expect((await atProvider(orderId)).filter((effect) => effect === 'captured')).toHaveLength(1)
  expect(await topics(orderId)).toEqual(['payments-charged-v1'])
  expect(await entriesOf(orderId)).toHaveLength(4)
})

const entriesOf = async (orderId: string) =>
  database.rows.selectFrom('ledger_entries').selectAll().where('order_id', '=', orderId).execute()

test('a decline is an answer, and stays one', async () => {
  const orderId = uuid()
  const declined = { status: 200, payload: { outcome: 'declined', code: 'insufficient-funds' } }
  expect(await charge(orderId, 'card_declined')).toEqual(declined)
  expect(await charge(orderId, 'card_declined')).toEqual(declined)
  expect(await atProvider(orderId)).toEqual(['declined'])
  expect(await emitted(orderId)).toMatchObject([
    { topic: 'payments-declined-v1', data: { code: 'insufficient-funds', version: 1 } },
  ])
  expect((await refund(orderId)).payload).toEqual({ outcome: 'nothing-to-refund' })
})

test('a card that the provider does not know is declined', async () => {
  const answer = await charge(uuid(), 'card_of_my_uncle')
  expect(answer.payload).toEqual({ outcome: 'declined', code: 'unknown-card' })
})

test('while the provider fails the outcome is unknown; asked again with the same key it is charged', async () => {
  const orderId = uuid()
  expect((await charge(orderId, 'card_retry')).status).toBe(503)
  expect(await statusOf(orderId)).toBe('pending')
  expect((await charge(orderId, 'card_retry')).status).toBe(503)
  expect((await charge(orderId, 'card_retry')).payload).toMatchObject({ outcome: 'charged' })
  expect(await topics(orderId)).toEqual(['payments-charged-v1'])
})

test('an answer that never comes is unknown, not declined, and is not charged again', async () => {
  const orderId = uuid()
  expect((await charge(orderId, 'card_timeout_after_charge')).status).toBe(503)
  expect(await statusOf(orderId)).toBe('pending')
  expect((await charge(orderId, 'card_timeout_after_charge')).payload).toMatchObject({
    outcome: 'charged',
  })
  expect(await atProvider(orderId)).toEqual(['captured', 'replayed'])
})

test('a provider that is down, or answers nonsense, is a fault', async () => {
  const orderId = uuid()
  await sandbox.stop()
  expect(await charge(orderId)).toMatchObject({ status: 503, payload: { code: 'unavailable' } })
  use(await serveSandbox(folder.path, { apiKey: 'changed' }))
  expect((await charge(orderId)).status).toBe(503)
  await sandbox.stop()
  use(await serveSandbox(folder.path))
  expect((await charge(orderId)).payload).toMatchObject({ outcome: 'charged' })
})

test('a provider that sends elsewhere is not followed: a fault, and nobody else gets the key', async () => {
  const asked: string[] = []
  const elsewhere = createServer((request, response) => {
    asked.push(String(request.headers.authorization))
    response.end('{"status":"captured","id":"stolen"}')
  }).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/v1/charges`
  const redirecting = createServer((_, response) => {
    response.writeHead(307, { location, 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(redirecting, 'listening')
  onTestFinished(() => {
    elsewhere.close()
    redirecting.close()
  })
  const url = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`
  const direct = createProvider({ url, apiKey: 'key' })
  onTestFinished(() => direct.close())
  const amount = { amount: 100, currency: 'EUR' as const }
  await expect(
    direct.charge('k', { amount, card: 'card_approved', reference: 'r' }),
  ).rejects.toThrow('answered a charge with 307')
  expect(asked).toEqual([])
})

test('an order is charged for one customer, amount and card', async () => {
  const orderId = uuid()
  await charge(orderId)
  const mismatch = { status: 409, payload: { code: 'charge-mismatch' } }
  expect(await charge(orderId, 'card_approved', 1491)).toMatchObject(mismatch)
  expect(await charge(orderId, 'card_slow')).toMatchObject(mismatch)
  expect(await topics(orderId)).toEqual(['payments-charged-v1'])
})

test('a mismatch is refused while the outcome is unknown, too', async () => {
  const orderId = uuid()
  await charge(orderId, 'card_retry')
  expect((await charge(orderId, 'card_retry', 1)).status).toBe(409)
  expect(await atProvider(orderId)).toEqual(['failed'])
})

test('a refund gives everything back, once', async () => {
  const orderId = uuid()
  await charge(orderId)
  const refunded = { status: 200, payload: { outcome: 'refunded', amount: euro(1490) } }
  expect(await refund(orderId)).toEqual(refunded)
  expect(await refund(orderId)).toEqual(refunded)
  expect(await atProvider(orderId)).toEqual(['captured', 'refunded'])
  expect(await emitted(orderId)).toMatchObject([
    { topic: 'payments-charged-v1', data: { version: 1 } },
    { topic: 'payments-refunded-v1', data: { version: 2, amount: euro(1490) } },
  ])
  expect((await charge(orderId)).payload).toEqual({ outcome: 'declined', code: 'voided' })
})

test('ten refunds at once give back once', async () => {
  const orderId = uuid()
  await charge(orderId)
  const answers = await Promise.all(Array.from({ length: 10 }, () => refund(orderId)))
  expect(answers.every(({ payload }) => payload.outcome === 'refunded')).toBe(true)
  const effects = await atProvider(orderId)
  expect(effects.filter((effect) => effect === 'refunded')).toHaveLength(1)
  expect(await topics(orderId)).toEqual(['payments-charged-v1', 'payments-refunded-v1'])
})

test('a refund before the charge leaves a tombstone that a late charge meets', async () => {
  const orderId = uuid()
  expect((await refund(orderId)).payload).toEqual({ outcome: 'nothing-to-refund' })
  expect((await charge(orderId)).payload).toEqual({ outcome: 'declined', code: 'voided' })
  expect((await refund(orderId)).payload).toEqual({ outcome: 'nothing-to-refund' })
  expect(await atProvider(orderId)).toEqual([])
  expect(await topics(orderId)).toEqual([])
})

test('a refund of a charge that nobody knows the outcome of first finds it out', async () => {
  const orderId = uuid()
  await charge(orderId, 'card_timeout_after_charge')
  expect((await refund(orderId)).payload).toEqual({ outcome: 'refunded', amount: euro(1490) })
  expect(await atProvider(orderId)).toEqual(['captured', 'replayed', 'refunded'])
  expect(await topics(orderId)).toEqual(['payments-charged-v1', 'payments-refunded-v1'])
})

test('a refund that the provider did not answer is asked again', async () => {
  const orderId = uuid()
  await charge(orderId)
  await sandbox.stop()
  expect((await refund(orderId)).status).toBe(503)
  expect(await statusOf(orderId)).toBe('refunding')
  use(await serveSandbox(folder.path))
  expect((await refund(orderId)).payload).toMatchObject({ outcome: 'refunded' })
})

test('a charge and a refund at once end with the money where it was', async () => {
  for (let n = 0; n < 10; n++) {
    const orderId = uuid()
    await Promise.all([charge(orderId), refund(orderId), charge(orderId), refund(orderId)])
    await refund(orderId)
    const effects = await atProvider(orderId)
    const count = (kind: string) => effects.filter((effect) => effect === kind).length
    expect(count('captured')).toBe(count('refunded'))
  }
})

test('the owner sees the payment, an operator the ledger too, a stranger nothing', async () => {
  const orderId = uuid()
  await charge(orderId)
  await refund(orderId)
  const providerReference = expect.stringMatching(/^ch_/)
  const seen = { orderId, status: 'refunded', amount: euro(1490), providerReference }
  const own = await look(orderId, 'owner')
  expect(own).toMatchObject({ status: 200, payload: seen })
  expect(own.payload).not.toHaveProperty('entries')
  expect(JSON.stringify(own.payload)).not.toContain('card_')
  const full = (await look(orderId, 'operator')).payload as { entries: { kind: string }[] }
  expect(full.entries.map(({ kind }) => kind)).toEqual([
    ...Array(4).fill('charge'),
    ...Array(4).fill('refund'),
  ])
  const stranger = await look(orderId, 'stranger')
  const missing = await look(uuid(), 'owner')
  expect([stranger.status, missing.status]).toEqual([404, 404])
  expect(stranger.payload.detail).toBe(missing.payload.detail)
  expect((await send('GET', `/payments/${orderId}`)).status).toBe(401)
})

test('requests that break the contract change nothing', async () => {
  const bad = [
    { customerId, amount: euro(1490) },
    { customerId, amount: euro(0), card: 'card_approved' },
    { customerId, amount: euro(14.9), card: 'card_approved' },
    { customerId, amount: euro(1490), card: '4242424242424242' },
    { customerId, amount: euro(1490), card: 'card_approved', extra: true },
  ]
  for (const body of bad)
    expect((await send('PUT', `/internal/charges/${uuid()}`, body)).status).toBe(400)
  expect((await send('PUT', '/internal/charges/one', bad[0])).status).toBe(400)
  expect((await send('POST', `/internal/charges/${uuid()}`, {})).status).toBe(405)
  expect(await sandbox.log()).toEqual([])
})

test('the database refuses a movement that is not balanced', async () => {
  const orderId = uuid()
  await charge(orderId, 'card_declined')
  const line = { movement_id: uuid(), order_id: orderId, kind: 'charge', currency: 'EUR' } as const
  const debit = { ...line, line: 0, account: 'provider-clearing', side: 'debit' } as const
  const credit = { ...line, line: 1, account: 'revenue', side: 'credit' } as const
  const write = (...entries: (typeof debit | typeof credit)[]) =>
    database.rows
      .insertInto('ledger_entries')
      .values(entries.map((entry, n) => ({ ...entry, amount: 100 + n })))
      .execute()
  await expect(write(debit)).rejects.toThrow(/not balanced/)
  await expect(write(debit, credit)).rejects.toThrow(/not balanced/)
  expect(await entriesOf(orderId)).toEqual([])
})

test('what is in the ledger stays there', async () => {
  const orderId = uuid()
  await charge(orderId)
  await expect(database.rows.deleteFrom('ledger_entries').execute()).rejects.toThrow(
    /only added to/,
  )
  await expect(
    database.rows.updateTable('ledger_entries').set({ amount: 1 }).execute(),
  ).rejects.toThrow(/only added to/)
  expect(await entriesOf(orderId)).toHaveLength(4)
})

test('a payment cannot be stored without what its status needs', async () => {
  const orderId = uuid()
  await charge(orderId)
  const set = (values: object) =>
    database.rows.updateTable('payments').set(values).where('order_id', '=', orderId).execute()
  for (const values of [
    { status: 'refunded' },
    { provider_reference: null },
    { amount: 0 },
    { status: 'paid' },
  ])
    await expect(set(values)).rejects.toThrow(/check constraint/)
})

test('with a provider in a process of its own that is killed in the middle, every order is charged once and the ledger balances', async () => {
  const own = sandbox
  let child = await spawnSandbox(folder.path.replace('log', 'child'))
  use(child)
  const orders = Array.from({ length: 60 }, () => uuid())
  const [halfway] = [orders[20]]
  await Promise.all(
    orders.map(async (orderId) => {
      const answer = charge(orderId)
      if (orderId === halfway) void child.kill()
      return answer
    }),
  )
  await child.kill()
  await provider.close()
  child = await spawnSandbox(folder.path.replace('log', 'child'))
  use(child)
  for (const orderId of orders) {
    expect((await charge(orderId)).payload).toMatchObject({ outcome: 'charged' })
    expect((await atProvider(orderId)).filter((effect) => effect === 'captured')).toHaveLength(1)
  }
  await child.stop()
  sandbox = own
  const { debit, credit } = await balance()
  expect(debit).toBe(credit)
  expect(debit).toBeGreaterThan(0)
})

const refundPart = (orderId: string, amount: number, id = uuid()) =>
  send('PUT', `/internal/refunds/${orderId}/parts/${id}`, {
    amount: euro(amount),
    reason: 'a scratch',
  })

/** Refunds in the provider's own console. */
async function refundAtProvider(orderId: string, amount: number): Promise<void> {
  const { payload } = await look(orderId, 'operator')
  const answer = await fetch(`${sandbox.url}/v1/refunds`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': uuid(),
    },
    body: JSON.stringify({ charge: payload.providerReference, amount }),
  })
  expect(answer.status).toBe(200)
}

const returnedAtProvider = async (): Promise<number> =>
  (await sandbox.log()).reduce((sum, one) => sum + (one.effect === 'refunded' ? one.amount : 0), 0)

const inLedger = async (orderId: string): Promise<number> => {
  const { payload } = await look(orderId, 'operator')
  const entries = payload.entries as { account: string; amount: { amount: number } }[]
  return entries.reduce(
    (sum, { account, amount }) => sum + (account === 'refunds' ? amount.amount : 0),
    0,
  )
}

test('a part is returned once, however often and at once it is asked for, and shown', async () => {
  const [orderId, id] = [uuid(), uuid()]
  await charge(orderId)
  const answers = await Promise.all(Array.from({ length: 5 }, () => refundPart(orderId, 490, id)))
  for (const { payload } of answers)
    expect(payload).toEqual({ outcome: 'refunded', refundedTotal: euro(490) })
  expect(await returnedAtProvider()).toBe(490)
  expect(await inLedger(orderId)).toBe(490)
  expect((await look(orderId, 'owner')).payload).toMatchObject({
    status: 'charged',
    amount: euro(1490),
    refundedTotal: euro(490),
  })
  expect(await topics(orderId)).toEqual(['payments-charged-v1', 'payments-refunded-v1'])
})

test('parts at the same time never come to more than was taken', async () => {
  const orderId = uuid()
  await charge(orderId)
  const answers = await Promise.all(Array.from({ length: 6 }, () => refundPart(orderId, 400)))
  const done = answers.filter(({ payload }) => payload.outcome === 'refunded')
  expect(done).toHaveLength(3)
  expect(answers.filter(({ payload }) => payload.code === 'more-than-left')).toHaveLength(3)
  expect([await returnedAtProvider(), await inLedger(orderId)]).toEqual([1200, 1200])
})

test('the refund of the rest returns what the parts have left', async () => {
  const orderId = uuid()
  await charge(orderId)
  await refundPart(orderId, 490)
  expect((await refund(orderId)).payload).toEqual({ outcome: 'refunded', amount: euro(1490) })
  expect([await returnedAtProvider(), await inLedger(orderId)]).toEqual([1490, 1490])
  expect((await emitted(orderId)).map(({ data }) => [data.amount, data.refundedTotal])).toEqual([
    [euro(1490), undefined],
    [euro(490), euro(490)],
    [euro(1000), euro(1490)],
  ])
})

test('a part that was returned at the provider itself no longer keeps the rest from going back', async () => {
  const orderId = uuid()
  await charge(orderId)
  await refundAtProvider(orderId, 500)
  expect((await refund(orderId)).payload).toEqual({ outcome: 'refunded', amount: euro(1490) })
  expect([await returnedAtProvider(), await inLedger(orderId)]).toEqual([1490, 1490])
})

test('all of it returned at the provider itself ends the payment', async () => {
  const orderId = uuid()
  await charge(orderId)
  await refundAtProvider(orderId, 1490)
  expect((await refund(orderId)).payload).toEqual({ outcome: 'refunded', amount: euro(1490) })
  expect([await returnedAtProvider(), await inLedger(orderId)]).toEqual([1490, 1490])
  expect(await statusOf(orderId)).toBe('refunded')
})

test('an operator takes what was returned at the provider into the ledger, once', async () => {
  const orderId = uuid()
  await charge(orderId)
  await refundAtProvider(orderId, 500)
  const reconcile = (token: string) =>
    send('POST', `/payments/${orderId}/reconcile`, undefined, token)
  expect((await reconcile('owner')).status).toBe(403)
  const [first] = await Promise.all([1, 2, 3].map(() => reconcile('operator')))
  expect(first?.payload).toMatchObject({ status: 'charged', refundedTotal: euro(500) })
  expect(await inLedger(orderId)).toBe(500)
  expect(await topics(orderId)).toEqual(['payments-charged-v1', 'payments-refunded-v1'])
})

test('a part of which the answer was lost is asked for again with the same key', async () => {
  const [orderId, id] = [uuid(), uuid()]
  await charge(orderId)
  await fetch(`${sandbox.url}/v1/faults`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ fault: 'silent', requests: 1 }),
  })
  expect((await refundPart(orderId, 490, id)).status).toBe(503)
  expect((await refundPart(orderId, 490, id)).payload).toMatchObject({ outcome: 'refunded' })
  expect([await returnedAtProvider(), await inLedger(orderId)]).toEqual([490, 490])
})

test('a part of another amount under the same id, of nothing, or of more than there was is refused', async () => {
  const [orderId, id] = [uuid(), uuid()]
  expect((await refundPart(orderId, 1)).payload).toMatchObject({ code: 'nothing-to-refund' })
  await charge(orderId)
  expect((await refundPart(orderId, 1491)).payload).toMatchObject({ code: 'more-than-left' })
  await refundPart(orderId, 490, id)
  expect(await refundPart(orderId, 491, id)).toMatchObject({
    status: 409,
    payload: { code: 'refund-mismatch' },
  })
  expect((await refundPart(orderId, 0)).status).toBe(400)
})
