import { refused } from '@sidecart/chassis/core/errors.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { createMemorySidecar, type MemorySidecar } from '@sidecart/testing/memory-sidecar.ts'
import { testTokens } from '@sidecart/testing/tokens.ts'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCartsApp } from './app.ts'
import { createCartStore, createDeadLetters } from './store.ts'

const ada = '019a0000-0000-7000-8000-00000000000a'
const bob = '019a0000-0000-7000-8000-00000000000b'
const day = 86_400_000

const { verify, bearer } = await testTokens()
const tokenOf = async (...who: Parameters<typeof bearer>) =>
  (await bearer(...who)).authorization.replace('Bearer ', '')

const tokens = { ada: '', bob: '', operator: '', expired: '' }
beforeAll(async () => {
  tokens.ada = await tokenOf(ada)
  tokens.bob = await tokenOf(bob)
  tokens.operator = await tokenOf('019a0000-0000-7000-8000-00000000000c', 'operator')
  tokens.expired = await tokenOf(ada, 'customer', '-1s')
})

let clock: number
let sidecar: MemorySidecar
let app: ReturnType<typeof createCartsApp>
let lines: string[]
beforeEach(() => {
  clock = Date.parse('2026-03-01T12:00:00Z')
  sidecar = createMemorySidecar({ now: () => clock, maxDeliveries: 3 })
  app = start(sidecar.state)
  sidecar.apps.set('carts', app)
  sidecar.subscriptions.set(orderEvents.confirmed.topic, ['carts'])
})

const noPause = async () => {}

function start(state: Sidecar['state']) {
  let revisions = 0
  lines = []
  return createCartsApp({
    carts: createCartStore(state, () => `r${++revisions}`, noPause),
    deadLetters: createDeadLetters(state, () => new Date(clock), noPause),
    verify,
    log: createLog('carts', 'trace', { write: (line) => void lines.push(line) }),
    now: () => clock,
  })
}

type Asked = { body?: unknown; token?: string; ifMatch?: string }

async function ask(
  method: string,
  path: string,
  { body, token = tokens.ada, ifMatch }: Asked = {},
) {
  const reply = await app.request(path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(ifMatch && { 'if-match': ifMatch }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await reply.text()
  const etag = reply.headers.get('etag') ?? ''
  return { status: reply.status, etag, headers: reply.headers, body: text ? JSON.parse(text) : {} }
}

const put = (sku: string, quantity: number, options: Asked = {}) =>
  ask('PUT', `/cart/items/${sku}`, { body: { quantity }, ...options })
const linesOf = async (token = tokens.ada) => (await ask('GET', '/cart', { token })).body.lines

describe('the cart', () => {
  test('is empty for those who never used it', async () => {
    expect(await ask('GET', '/cart')).toMatchObject({
      status: 200,
      etag: '"unused"',
      body: { lines: [] },
    })
  })

  test('keeps what is put into it, as its owner’s alone', async () => {
    await put('MUG-BLUE', 2)
    const { status, etag, headers, body } = await put('TEA-GREEN', 1)
    const both = [
      { sku: 'MUG-BLUE', quantity: 2 },
      { sku: 'TEA-GREEN', quantity: 1 },
    ]
    expect([status, body]).toEqual([200, { lines: both, cartId: 'r1' }])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(await ask('GET', '/cart')).toMatchObject({ etag, body: { lines: both } })
    expect(await linesOf(tokens.bob)).toEqual([])
  })

  test('lets go of a product, again and again', async () => {
    await put('MUG-BLUE', 2)
    expect((await ask('DELETE', '/cart/items/MUG-BLUE')).body).toEqual({ lines: [] })
    expect((await ask('DELETE', '/cart/items/MUG-BLUE')).status).toBe(200)
  })

  test('is emptied', async () => {
    await put('MUG-BLUE', 2)
    const { status, etag } = await ask('DELETE', '/cart')
    expect(status).toBe(204)
    expect(await ask('GET', '/cart')).toMatchObject({ etag, body: { lines: [] } })
  })

  test('holds 50 products', async () => {
    for (let n = 0; n < 50; n += 1) await put(`SKU-${n}`, 1)
    const { status, body } = await put('ONE-MORE', 1)
    expect([status, body.code]).toEqual([409, 'cart-full'])
  })

  test('is gone 30 days after its last change', async () => {
    await put('MUG-BLUE', 2)
    clock += 29 * day
    await put('TEA-GREEN', 1)
    clock += 29 * day
    expect(await linesOf()).toHaveLength(2)
    clock += day
    expect(await linesOf()).toEqual([])
  })

  test('is for those who are signed in', async () => {
    for (const token of ['', 'x.y.z', tokens.expired])
      expect((await ask('GET', '/cart', { token })).status).toBe(401)
    expect((await put('MUG-BLUE', 1, { token: '' })).status).toBe(401)
  })

  test.each([
    ['mug-blue', 1],
    ['AB', 1],
    ['A'.repeat(41), 1],
    ['MUG%2FBLUE', 1],
    ['MUG-BLUE', 0],
    ['MUG-BLUE', 1000],
    ['MUG-BLUE', 1.5],
  ])('refuses %s × %s', async (sku, quantity) => {
    const { status, body } = await put(sku, quantity)
    expect([status, body.code]).toEqual([400, 'invalid-request'])
  })

  test('refuses an unknown field, such as a price', async () => {
    const answer = await put('MUG-BLUE', 1, { body: { quantity: 1, price: 1 } })
    expect([answer.status, answer.body.errors]).toMatchObject([400, [{ field: 'price' }]])
  })
})

describe('a change of what was read', () => {
  test('is made while nobody else changes the cart', async () => {
    const { etag } = await put('MUG-BLUE', 2)
    const next = await put('MUG-BLUE', 3, { ifMatch: etag })
    expect(next.status).toBe(200)
    expect((await ask('DELETE', '/cart', { ifMatch: next.etag })).status).toBe(204)
  })

  test('is refused when the cart has changed since', async () => {
    const { etag } = await put('MUG-BLUE', 2)
    await put('MUG-BLUE', 3)
    for (const answer of [
      await put('MUG-BLUE', 4, { ifMatch: etag }),
      await ask('DELETE', '/cart/items/MUG-BLUE', { ifMatch: etag }),
      await ask('DELETE', '/cart', { ifMatch: etag }),
    ])
      expect([answer.status, answer.body.code]).toEqual([412, 'etag-mismatch'])
    expect(await linesOf()).toEqual([{ sku: 'MUG-BLUE', quantity: 3 }])
  })

  test('by two at once is made by one', async () => {
    const { etag } = await put('MUG-BLUE', 2)
    const answers = await Promise.all([
      put('MUG-BLUE', 3, { ifMatch: etag }),
      put('MUG-BLUE', 4, { ifMatch: etag }),
    ])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412])
  })
})

describe('changes at the same moment', () => {
  test('are all made, from the very first', async () => {
    const skus = ['SKU-1', 'SKU-2', 'SKU-3', 'SKU-4', 'SKU-5']
    const answers = await Promise.all(skus.map((sku) => put(sku, 1)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect((await linesOf()).map(({ sku }: { sku: string }) => sku).toSorted()).toEqual(skus)
  })

  test('that never come through are refused after a bounded number of tries', async () => {
    let tries = 0
    app = start({
      ...sidecar.state,
      async save() {
        tries += 1
        throw refused('etag-mismatch', 'somebody was faster')
      },
    })
    const { status, body } = await put('MUG-BLUE', 1)
    expect([status, body.code, tries]).toEqual([409, 'cart-busy', 10])
  })
})

const orderId = '019a0000-0000-7000-8000-0000000000f1'

function confirmed(data: object = {}, id = 'e1') {
  const unitPrice = { amount: 100, currency: 'EUR' as const }
  const announcement = orderEvents.confirmed({
    orderId,
    customerId: ada,
    version: 4,
    lines: [{ sku: 'MUG-BLUE', name: 'A mug', quantity: 2, unitPrice }],
    total: { amount: 200, currency: 'EUR' },
  })
  return {
    id,
    source: 'orders',
    type: announcement.topic,
    specversion: '1.0' as const,
    datacontenttype: 'application/json' as const,
    data: { ...(announcement.data as object), ...data },
  }
}

const receive = async (...events: ReturnType<typeof confirmed>[]) => {
  await sidecar.publish(orderEvents.confirmed.topic, events)
  await sidecar.settle()
}
const deadLetters = async (query = '') =>
  (await ask('GET', `/carts/dead-letters${query}`, { token: tokens.operator })).body.deadLetters

describe('a confirmed order', () => {
  test('takes its goods out of the cart, once, however often it is received', async () => {
    await put('MUG-BLUE', 5)
    await receive(confirmed(), confirmed(), confirmed({}, 'another-event-of-the-same-order'))
    expect(await linesOf()).toEqual([{ sku: 'MUG-BLUE', quantity: 3 }])
  })

  test('of this cart makes what stays, or comes, another purchase', async () => {
    await put('MUG-BLUE', 5)
    const { cartId } = (await ask('GET', '/cart')).body
    await put('TEA-GREEN', 1)
    expect((await ask('GET', '/cart')).body.cartId).toBe(cartId)
    await receive(confirmed({ cartId: 'another' }, 'another-order'))
    expect((await ask('GET', '/cart')).body.cartId).toBe(cartId)
    await receive(
      confirmed({ cartId, orderId: '018f0000-0000-7000-8000-0000000000ff' }, 'this-cart'),
    )
    const after = (await ask('GET', '/cart')).body
    expect(after.lines).not.toEqual([])
    expect(after.cartId).toEqual(expect.any(String))
    expect(after.cartId).not.toBe(cartId)
  })

  test('changes no cart begun after it, also when its event comes again', async () => {
    const event = { ...confirmed(), time: new Date(clock).toISOString() }
    clock += 1_000
    await receive(event)
    expect(await sidecar.state.get(`cart:${ada}`)).toBeUndefined()
    await put('MUG-BLUE', 5)
    await receive(event)
    expect(await linesOf()).toEqual([{ sku: 'MUG-BLUE', quantity: 5 }])
  })

  test('and a change at the same moment are both made', async () => {
    await put('MUG-BLUE', 5)
    await Promise.all([receive(confirmed()), put('TEA-GREEN', 1)])
    expect(await linesOf()).toEqual([
      { sku: 'MUG-BLUE', quantity: 3 },
      { sku: 'TEA-GREEN', quantity: 1 },
    ])
  })
})

describe('an event that cannot be handled', () => {
  const storeIsDown = () => {
    const { save } = sidecar.state
    sidecar.state.save = async (key, value, options) => {
      if (key.startsWith('cart:')) throw new Error('the store is down')
      await save(key, value, options)
    }
    return () => {
      sidecar.state.save = save
    }
  }

  test('is stored, and replayed by an operator once its cause is gone', async () => {
    await put('MUG-BLUE', 5)
    const mend = storeIsDown()
    await receive(confirmed())
    mend()
    expect(await deadLetters()).toMatchObject([
      { id: 'e1', topic: 'orders-confirmed-v1', cause: 'Error: the store is down', attempts: 1 },
    ])
    const replay = () => ask('POST', '/carts/dead-letters/e1/replay', { token: tokens.operator })
    expect((await replay()).body.outcome).toBe('applied')
    await replay()
    expect(await linesOf()).toEqual([{ sku: 'MUG-BLUE', quantity: 3 }])
    expect(await deadLetters()).toEqual([])
    expect(await deadLetters('?replayed=true')).toMatchObject([
      { replayedAt: new Date(clock).toISOString() },
    ])
  })

  test('is tried again when its time has come, by one instance', async () => {
    await put('MUG-BLUE', 5)
    const mend = storeIsDown()
    await receive(confirmed())
    mend()
    const kept = createDeadLetters(sidecar.state, () => new Date(clock), noPause)
    expect(await kept.count()).toEqual({ dead: 0, retrying: 1 })
    expect(await kept.claimDue(60_000)).toBeUndefined()
    clock += 1_000
    expect(await kept.claimDue(60_000)).toMatchObject({ id: 'e1' })
    expect(await kept.claimDue(60_000)).toBeUndefined()
    await kept.forget('e1')
    expect(await deadLetters()).toEqual([])
  })

  test('is kept at once when it is malformed', async () => {
    await receive(confirmed({ lines: 'none' }))
    const kept = createDeadLetters(sidecar.state, () => new Date(clock), noPause)
    expect(await kept.count()).toEqual({ dead: 1, retrying: 0 })
    expect(await deadLetters()).toMatchObject([
      { id: 'e1', cause: expect.stringMatching(/^malformed-event: data: lines/), attempts: 1 },
    ])
  })

  test('is shown to operators only', async () => {
    for (const [token, status] of [
      ['', 401],
      [tokens.ada, 403],
    ] as const) {
      expect((await ask('GET', '/carts/dead-letters', { token })).status).toBe(status)
      expect((await ask('POST', '/carts/dead-letters/e1/replay', { token })).status).toBe(status)
    }
  })

  test('is never dropped for another: beyond 200 the broker keeps what comes', async () => {
    const kept = createDeadLetters(sidecar.state, () => new Date(clock), noPause)
    const letter = (n: number) => ({
      id: `e${n}`,
      topic: 'orders-confirmed-v1',
      event: confirmed(),
      cause: 'c',
      attempts: 1,
    })
    for (let n = 0; n < 195; n += 1) await kept.keep(letter(n))
    await Promise.all(Array.from({ length: 5 }, (_, n) => kept.keep(letter(195 + n))))
    await expect(kept.keep(letter(200))).rejects.toThrow('no room')
    await kept.keep({ ...letter(10), cause: 'newer' })
    expect((await kept.list(1))[0]).toMatchObject({ id: 'e10', cause: 'newer' })
    await kept.markHandled('e3', 'replayed')
    await kept.keep(letter(200))
    const ids = (await kept.list(500, true)).map(({ id }) => id)
    expect([ids.length, ids.includes('e3'), ids.includes('e200')]).toEqual([200, false, true])
  })
})

test('no token was logged', async () => {
  await put('MUG-BLUE', 1)
  await ask('GET', '/cart', { token: tokens.expired })
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.join('')).not.toContain(tokens.ada)
  expect(lines.join('')).not.toContain(tokens.expired)
})
