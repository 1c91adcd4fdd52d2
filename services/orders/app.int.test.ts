import { euro, type Money } from '@sidecart/chassis/contract/money.ts'
import { Fault } from '@sidecart/chassis/core/errors.ts'
import type { App } from '@sidecart/chassis/http/app.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createLog } from '@sidecart/chassis/observability/log.ts'
import { registry } from '@sidecart/chassis/observability/metrics.ts'
import { startTelemetry } from '@sidecart/chassis/observability/telemetry.ts'
import { type Database, openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { type TestTokens, testTokens } from '@sidecart/testing/tokens.ts'
import { until } from '@sidecart/testing/until.ts'
import { v7 as uuid } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAdmission } from './admission.ts'
import { createOrdersApp, type OrdersPorts } from './app.ts'
import {
  Accepted,
  DuplicateOrder,
  type HistoryEntry,
  type OrderView,
  PriceChanged,
  type Saga,
  type Sales,
} from './contract.ts'
import {
  type ChargeOutcome,
  type PartialRefundOutcome,
  park,
  type ReserveOutcome,
} from './domain.ts'
import { migrations } from './migrations/index.ts'
import type { CatalogClient, PaymentsClient, UsersClient } from './ports.ts'
import { createSagaRunner, type SagaRunner } from './saga.ts'
import { createOverview } from './store/overview.ts'
import { createOrderStore, type OrdersTables } from './store.ts'

const ada = '018f0000-0000-7000-8000-00000000000a'
const bob = '018f0000-0000-7000-8000-00000000000b'
const log = createLog('orders', 'silent')
const shipTo = {
  name: 'Ada',
  street: 'Harbour Road 1',
  postalCode: '20457',
  city: 'Hamburg',
  country: 'DE',
}
const request = { lines: [{ sku: 'MUG', quantity: 2 }], shipTo, card: 'card_approved' }
const inStock: ReserveOutcome = {
  outcome: 'reserved',
  lines: [{ sku: 'MUG', quantity: 2, name: 'Mug', unitPrice: euro(1490) }],
  total: euro(2980),
}

/** Fakes of catalog and payments, with outcomes set by the tests. */
type Others = {
  reserve: () => Promise<ReserveOutcome>
  charge: () => Promise<ChargeOutcome>
  returnGoods: () => Promise<void>
  price: CatalogClient['price']
  refundPart: (refundId: string, amount: Money) => Promise<PartialRefundOutcome>
  calls: string[]
}

let place: TestDatabase
let database: Database<OrdersTables>
let tokens: TestTokens
let others: Others
let driver: SagaRunner
let ports: OrdersPorts
let app: App

const telemetry = await startTelemetry('orders')

beforeAll(async () => {
  place = await testDatabase('orders')
  database = await openDatabase<OrdersTables>({ connectionString: place.url, migrations, log })
  tokens = await testTokens()
})
afterAll(async () => {
  await driver.stop()
  await database.close()
  await place.dispose()
  await telemetry.close()
})

beforeEach(async () => {
  await driver?.stop()
  const parts = new Map<string, number>()
  others = {
    reserve: async () => inStock,
    charge: async () => ({ outcome: 'charged' }),
    returnGoods: async () => {},
    refundPart: async (refundId, { amount }) => {
      parts.set(refundId, amount)
      const inAll = [...parts.values()].reduce((sum, part) => sum + part, 0)
      return { outcome: 'refunded', refundedTotal: euro(inAll) }
    },
    price: async (lines) => lines.map((line) => ({ ...line, name: 'Mug', unitPrice: euro(1490) })),
    calls: [],
  }
  const catalog: CatalogClient = {
    unknown: async (skus) => skus.filter((sku) => sku.startsWith('NO-')),
    price: (lines) => others.price(lines),
    reserve: (id) => called(`reserve ${id}`, others.reserve),
    release: (id) => called(`release ${id}`, async () => {}),
    returnGoods: (id) => called(`return ${id}`, others.returnGoods),
  }
  const payments: PaymentsClient = {
    charge: ({ id }) => called(`charge ${id}`, others.charge),
    refund: (id) => called(`refund ${id}`, async () => ({ outcome: 'refunded' as const })),
    refundPart: (id, refundId, amount) =>
      called(`part ${id} ${refundId}`, () => others.refundPart(refundId, amount)),
  }
  const store = createOrderStore(database)
  driver = createSagaRunner({ store, catalog, payments, log, pollMs: 20 })
  driver.start()
  ports = {
    backlog: createAdmission({ underWay: store.underWay, most: 1_000, mostPerCustomer: 1_000 }),
    shipsTo: ['DE', 'HK'],
    users: {
      savedAddress: (userId, addressId) => book(userId, addressId),
      accountsWith: (email) => accounts(email),
    },
    overview: createOverview(database),
    store,
    catalog,
    driver,
    inbox: createInbox(database),
    deadLetters: createDeadLetters(database),
    verify: tokens.verify,
    log,
  }
  app = createOrdersApp(ports)
})

const saved = uuid()
/** Fake of users: one saved address of Ada. */
const adasBook: UsersClient['savedAddress'] = async (userId, addressId) =>
  userId === ada && addressId === saved ? shipTo : undefined
let book = adasBook
/** Fake of users: two accounts claim one e-mail. */
const adasAccounts: UsersClient['accountsWith'] = async (email) =>
  email === 'ada@xn--bcher-kva.example' ? [ada, newcomer] : []
let accounts = adasAccounts
const newcomer = uuid()

async function called<T>(name: string, answer: () => Promise<T>): Promise<T> {
  others.calls.push(name)
  return answer()
}

async function post(
  path: string,
  user = ada,
  role: 'customer' | 'operator' = 'customer',
  given?: object,
  key = uuid(),
) {
  // by default each test order is a purchase of its own
  const body = given && path === '/orders' ? { cartId: key, ...given } : given
  const headers = {
    ...(await tokens.bearer(user, role)),
    'content-type': 'application/json',
    'idempotency-key': key,
  }
  return app.request(path, {
    method: 'POST',
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

async function get(path: string, user = ada, role: 'customer' | 'operator' = 'customer') {
  return app.request(path, { headers: await tokens.bearer(user, role) })
}

async function placed(body: object = request): Promise<string> {
  const answer = await post('/orders', ada, 'customer', body)
  expect(answer.status).toBe(202)
  return ((await answer.json()) as { orderId: string }).orderId
}

async function reaches(orderId: string, status: string): Promise<void> {
  await until(
    `order is ${status}`,
    async () =>
      ((await (await get(`/orders/${orderId}`)).json()) as { status: string }).status === status,
  )
}

const as = (operator: string, orderId: string, path: string) =>
  post(`/orders/${orderId}/${path}`, operator, 'operator')

const codeOf = async (answer: Promise<Response>): Promise<string> =>
  ((await (await answer).json()) as { code: string }).code

async function delivered(): Promise<string> {
  const orderId = await placed()
  await reaches(orderId, 'confirmed')
  expect((await as(bob, orderId, 'ship')).status).toBe(200)
  expect((await as(bob, orderId, 'deliver')).status).toBe(200)
  return orderId
}

async function history(orderId: string): Promise<string[]> {
  const { history } = (await (await get(`/orders/${orderId}/history`)).json()) as {
    history: { step: string }[]
  }
  return history.map(({ step }) => step)
}

const events = async (orderId: string): Promise<string[]> => {
  const rows = await database.rows
    .selectFrom('outbox')
    .select(['topic', 'data'])
    .orderBy('id')
    .execute()
  return rows
    .filter(({ data }) => (data as unknown as { orderId: string }).orderId === orderId)
    .map(({ topic }) => topic)
}

async function countOrders(): Promise<number> {
  const { n } = await database.rows
    .selectFrom('orders')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return n
}

describe('one purchase is one order', () => {
  const withoutCart = { ...request, cartId: undefined }
  const anotherCard = { ...request, card: 'card_slow' }
  /** The charge is not answered before the end of the test. */
  function bankThinks(): void {
    others.charge = async () => {
      throw new Fault('provider-unavailable', 'thinking')
    }
  }
  afterEach(async () => {
    others.charge = async () => ({ outcome: 'charged' })
    await nothingUnderWay()
  })
  async function duplicateOf(answer: Response): Promise<string> {
    expect(answer.status).toBe(409)
    const problem = (await answer.json()) as DuplicateOrder
    expect(DuplicateOrder.parse(problem)).toMatchObject({ code: 'duplicate-order' })
    return problem.order.orderId
  }
  const buy = (body: object, user = ada, key = uuid()) =>
    post('/orders', user, 'customer', body, key)

  it('whatever key it comes with, and with another card, while the bank thinks', async () => {
    bankThinks()
    const cartId = uuid()
    const orderId = await placed({ ...request, cartId })
    expect(await duplicateOf(await buy({ ...request, cartId }))).toBe(orderId)
    expect(await duplicateOf(await buy({ ...anotherCard, cartId }))).toBe(orderId)
    const more = { ...request, cartId, lines: [{ sku: 'MUG', quantity: 3 }] }
    expect(await duplicateOf(await buy(more))).toBe(orderId)
  })

  it('also after it was confirmed, as long as it is the same cart', async () => {
    const cartId = uuid()
    const orderId = await placed({ ...request, cartId })
    await reaches(orderId, 'confirmed')
    expect(await duplicateOf(await buy({ ...request, cartId }))).toBe(orderId)
    await post(`/orders/${orderId}/refund`)
    await reaches(orderId, 'refunded')
    expect(await duplicateOf(await buy({ ...request, cartId }))).toBe(orderId)
  })

  it('50 at the same time, each with a key of its own', async () => {
    const cartId = uuid()
    const all = await Promise.all(Array.from({ length: 50 }, () => buy({ ...request, cartId })))
    expect(all.filter(({ status }) => status === 202)).toHaveLength(1)
    const accepted = (await all.find(({ status }) => status === 202)?.json()) as Accepted
    for (const answer of all.filter(({ status }) => status !== 202))
      expect(await duplicateOf(answer)).toBe(accepted.orderId)
  })

  it('without a cart the same lines are one purchase until the outcome is known', async () => {
    bankThinks()
    const eve = uuid()
    const lines = [
      { sku: 'MUG', quantity: 2 },
      { sku: 'TEA', quantity: 1 },
    ]
    const first = await buy({ ...withoutCart, lines }, eve)
    const { orderId } = (await first.json()) as Accepted
    expect(await duplicateOf(await buy({ ...withoutCart, lines: lines.toReversed() }, eve))).toBe(
      orderId,
    )
    expect((await buy({ ...withoutCart, lines: lines.slice(1) }, eve)).status).toBe(202)
    others.charge = async () => ({ outcome: 'charged' })
    await until('it is confirmed', async () => {
      const order = (await (await get(`/orders/${orderId}`, eve)).json()) as OrderView
      return order.status === 'confirmed'
    })
    expect((await buy({ ...withoutCart, lines }, eve)).status).toBe(202)
  })

  it('the key still stands for its order, and a refused request does not use its key up', async () => {
    bankThinks()
    const [key, another, cartId] = [uuid(), uuid(), uuid()]
    const first = await buy({ ...request, cartId }, ada, key)
    const text = await first.text()
    await duplicateOf(await buy({ ...request, cartId }, ada, another))
    expect(await (await buy({ ...request, cartId }, ada, key)).text()).toBe(text)
    expect((await buy({ ...anotherCard, cartId }, ada, key)).status).toBe(422)
    expect((await buy({ ...request, cartId: uuid() }, ada, another)).status).toBe(202)
  })

  it('a declined purchase may be tried with another card', async () => {
    others.charge = async () => ({ outcome: 'declined', code: 'insufficient-funds' })
    const cartId = uuid()
    await reaches(await placed({ ...request, cartId }), 'cancelled')
    others.charge = async () => ({ outcome: 'charged' })
    await reaches(await placed({ ...anotherCard, cartId }), 'confirmed')
  })

  it('is bought once more, and only once, by who confirms it', async () => {
    bankThinks()
    const cartId = uuid()
    const orderId = await placed({ ...request, cartId })
    const again = { ...request, cartId, again: orderId }
    const answers = await Promise.all(Array.from({ length: 10 }, () => buy(again)))
    const accepted = answers.filter(({ status }) => status === 202)
    expect(accepted).toHaveLength(1)
    const { orderId: second } = Accepted.parse(await accepted[0]?.json())
    expect(second).not.toBe(orderId)
    expect(await duplicateOf(await buy(again))).toBe(second)
    expect(await duplicateOf(await buy({ ...request, cartId }))).toBe(second)
  })

  it('nobody confirms with an order of somebody else, or of another purchase', async () => {
    bankThinks()
    const cartId = uuid()
    const [orderId, other] = [await placed({ ...request, cartId }), await placed()]
    expect(await duplicateOf(await buy({ ...request, cartId, again: other }))).toBe(orderId)
    const bobs = await buy({ ...request, cartId, again: orderId }, bob)
    expect(bobs.status).toBe(202)
    expect(await duplicateOf(await buy({ ...request, cartId }))).toBe(orderId)
  })
})

describe('the price that the customer was shown', () => {
  const now = (amount: number) => {
    others.price = async (lines) =>
      lines.map((line) => ({ ...line, name: 'Mug', unitPrice: euro(amount) }))
  }
  const seen = { ...request, expectedTotal: euro(2980) }

  it('has changed: the refusal shows the new one, and it is accepted under the same key', async () => {
    now(1590)
    const [key, cartId] = [uuid(), uuid()]
    const before = await countOrders()
    const refusal = await post('/orders', ada, 'customer', { ...seen, cartId }, key)
    expect(refusal.status).toBe(409)
    const { lines, total } = PriceChanged.parse(await refusal.json())
    expect(total).toEqual(euro(3180))
    expect(lines).toEqual([{ sku: 'MUG', quantity: 2, name: 'Mug', unitPrice: euro(1590) }])
    expect(await countOrders()).toBe(before)
    const accepted = { ...seen, cartId, expectedTotal: total }
    expect((await post('/orders', ada, 'customer', accepted, key)).status).toBe(202)
  })

  it('has changed since the order was accepted: a repeated request is still that order', async () => {
    now(1490)
    const key = uuid()
    const first = await post('/orders', ada, 'customer', seen, key)
    expect(first.status).toBe(202)
    now(1590)
    expect(await (await post('/orders', ada, 'customer', seen, key)).text()).toBe(
      await first.text(),
    )
  })

  it('changes between the acceptance and the reservation: cancelled, nothing charged, the new prices shown', async () => {
    now(1490)
    others.reserve = async () => ({
      outcome: 'reserved',
      lines: [{ sku: 'MUG', quantity: 2, name: 'Mug', unitPrice: euro(1590) }],
      total: euro(3180),
    })
    const orderId = await placed(seen)
    await reaches(orderId, 'cancelled')
    const order = (await (await get(`/orders/${orderId}`)).json()) as OrderView
    expect(order).toMatchObject({ reason: 'price-changed', total: euro(3180) })
    expect(others.calls).not.toContain(`charge ${orderId}`)
  })

  it('cannot be compared while the catalogue is away: the saga does it', async () => {
    others.price = async () => {
      throw new Fault('unavailable', 'the catalogue is away')
    }
    await reaches(await placed(seen), 'confirmed')
  })

  it('of a product that is not there is refused', async () => {
    others.price = async () => []
    const answer = await post('/orders', ada, 'customer', seen)
    expect([answer.status, await answer.json()]).toMatchObject([422, { code: 'unknown-sku' }])
  })
})

describe('placing an order', () => {
  it('is accepted with its location and completes in the background', async () => {
    const answer = await post('/orders', ada, 'customer', request)
    expect(answer.status).toBe(202)
    const { orderId } = (await answer.json()) as { orderId: string }
    expect(answer.headers.get('location')).toBe(`/orders/${orderId}`)
    await reaches(orderId, 'confirmed')
    expect(await history(orderId)).toEqual([
      'order placed',
      'stock reserved',
      'card charged',
      'order confirmed',
    ])
    expect(await events(orderId)).toEqual(['orders-placed-v1', 'orders-confirmed-v1'])
  })

  it('50 times with one key is one order and 50 identical answers', async () => {
    const key = uuid()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => post('/orders', ada, 'customer', request, key)),
    )
    const bodies = await Promise.all(answers.map((answer) => answer.text()))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    expect(new Set(bodies).size).toBe(1)
    const stored = await database.rows
      .selectFrom('orders')
      .select('id')
      .where('idempotency_key', '=', key)
      .execute()
    expect(stored).toHaveLength(1)
  })

  it('the same key with another request is refused', async () => {
    const key = uuid()
    await post('/orders', ada, 'customer', request, key)
    const answer = await post(
      '/orders',
      ada,
      'customer',
      { ...request, lines: [{ sku: 'MUG', quantity: 3 }] },
      key,
    )
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ code: 'idempotency-key-reused' })
  })

  it('two customers may use the same key', async () => {
    const key = uuid()
    const own: string[] = []
    for (const user of [ada, bob]) {
      const placed = await post('/orders', user, 'customer', request, key)
      const repeated = await post('/orders', user, 'customer', request, key)
      expect([placed.status, repeated.status]).toEqual([202, 202])
      own.push(await placed.text())
      expect(await repeated.text()).toEqual(own.at(-1))
    }
    expect(new Set(own).size).toBe(2)
  })

  it.each([
    ['an unknown field', { ...request, gift: true }, 400, 'gift'],
    [
      'a wrong type',
      { ...request, lines: [{ sku: 'MUG', quantity: 'two' }] },
      400,
      'lines.0.quantity',
    ],
    [
      'a negative quantity',
      { ...request, lines: [{ sku: 'MUG', quantity: -1 }] },
      400,
      'lines.0.quantity',
    ],
    ['no lines', { ...request, lines: [] }, 400, 'lines'],
    [
      'more pieces than a cart takes',
      { ...request, lines: [{ sku: 'MUG', quantity: 1_000 }] },
      400,
      'lines.0.quantity',
    ],
    [
      'more products than a cart takes',
      {
        ...request,
        lines: Array.from({ length: 51 }, (_, n) => ({ sku: `SKU-${n}`, quantity: 1 })),
      },
      400,
      'lines',
    ],
    [
      'one product twice',
      { ...request, lines: [request.lines[0], request.lines[0]] },
      422,
      'lines',
    ],
    [
      'a country that does not exist',
      { ...request, shipTo: { ...shipTo, country: 'XX' } },
      400,
      'shipTo.country',
    ],
    [
      'a country that the shop does not ship to',
      { ...request, shipTo: { ...shipTo, country: 'AQ' } },
      422,
      'shipTo.country',
    ],
    [
      'an address with control characters',
      { ...request, shipTo: { ...shipTo, street: 'Harbour\u0007 Road' } },
      400,
      'shipTo.street',
    ],
    [
      'no postal code where the country has one',
      { ...request, shipTo: { ...shipTo, postalCode: '' } },
      400,
      'shipTo.postalCode',
    ],
    ['an unknown product', { ...request, lines: [{ sku: 'NO-SUCH', quantity: 1 }] }, 422, 'lines'],
  ])('with %s is refused, names the field, and stores nothing', async (_, body, status, field) => {
    const before = await countOrders()
    const answer = await post('/orders', ada, 'customer', body)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    const { errors } = (await answer.json()) as { errors: { field: string }[] }
    expect(errors[0]?.field).toBe(field)
    expect(await countOrders()).toBe(before)
  })

  it('without a key, without a token or with an expired one is refused', async () => {
    const body = JSON.stringify(request)
    const json = { 'content-type': 'application/json' }
    const noKey = await app.request('/orders', {
      method: 'POST',
      headers: { ...json, ...(await tokens.bearer(ada)) },
      body,
    })
    const noToken = await app.request('/orders', {
      method: 'POST',
      headers: { ...json, 'idempotency-key': 'k' },
      body,
    })
    const expired = await app.request('/orders', {
      method: 'POST',
      headers: { ...json, ...(await tokens.bearer(ada, 'customer', '-1m')) },
      body,
    })
    expect([noKey.status, noToken.status, expired.status]).toEqual([400, 401, 401])
  })

  it('with broken JSON, too large a body or the wrong method is refused as a problem', async () => {
    const headers = {
      ...(await tokens.bearer(ada)),
      'content-type': 'application/json',
      'idempotency-key': 'k',
    }
    const broken = await app.request('/orders', { method: 'POST', headers, body: '{"lines":' })
    const large = await app.request('/orders', {
      method: 'POST',
      headers,
      body: `{"pad":"${'x'.repeat(300_000)}"}`,
    })
    const wrong = await app.request('/orders', { method: 'DELETE', headers })
    expect([broken.status, large.status, wrong.status]).toEqual([400, 413, 405])
    expect(wrong.headers.get('allow')).toBe('GET, POST')
    for (const answer of [broken, large, wrong])
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })
})

describe('an order to a saved address', () => {
  const toSaved = { ...request, shipTo: { addressId: saved } }
  const bookIsDown: UsersClient['savedAddress'] = async () => {
    throw new Fault('unavailable', 'users does not answer')
  }
  afterEach(() => {
    book = adasBook
  })

  it('keeps a copy of it', async () => {
    const answer = await post('/orders', ada, 'customer', toSaved)
    expect(answer.status).toBe(202)
    const order = await (await get(String(answer.headers.get('location')))).json()
    expect(order).toMatchObject({ shipTo })
  })

  it.each([
    ['of somebody else', bob, saved],
    ['that nobody has', ada, uuid()],
  ])('%s is refused, and both alike', async (_, who, addressId) => {
    const answer = await post('/orders', who, 'customer', { ...request, shipTo: { addressId } })
    expect([answer.status, await answer.json()]).toMatchObject([
      422,
      {
        code: 'unknown-address',
        errors: [{ field: 'shipTo.addressId', message: 'no such address in your book' }],
      },
    ])
  })

  it('in a country that the shop does not ship to is refused', async () => {
    book = async () => ({ ...shipTo, country: 'AQ' })
    expect((await post('/orders', ada, 'customer', toSaved)).status).toBe(422)
  })

  it('waits for users to answer: 503, nothing is ordered, and the same key succeeds later', async () => {
    const key = uuid()
    book = bookIsDown
    const answer = await post('/orders', ada, 'customer', toSaved, key)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    const whole = await post('/orders', ada, 'customer', request)
    expect(whole.status).toBe(202)
    book = adasBook
    expect((await post('/orders', ada, 'customer', toSaved, key)).status).toBe(202)
  })

  it('is the same order when repeated, also when the address is gone or users is down', async () => {
    const key = uuid()
    const first = await (await post('/orders', ada, 'customer', toSaved, key)).json()
    for (const then of [bookIsDown, async () => undefined]) {
      book = then
      const again = await post('/orders', ada, 'customer', toSaved, key)
      expect([again.status, await again.json()]).toEqual([202, first])
    }
  })

  it.each([
    ['both ways at once', { ...shipTo, addressId: saved }, 'shipTo.addressId'],
    ['no id', { addressId: 'home' }, 'shipTo.addressId'],
    ['nothing', {}, 'shipTo.name'],
  ])('given as %s is refused with the field', async (_, given, field) => {
    const answer = await post('/orders', ada, 'customer', { ...request, shipTo: given })
    const { errors } = (await answer.json()) as { errors: { field: string }[] }
    expect([answer.status, errors.map((one) => one.field)]).toEqual([
      400,
      expect.arrayContaining([field]),
    ])
  })
})

const nothingUnderWay = () =>
  until('nothing is under way', async () => (await ports.store.underWay()).size === 0)

describe('when too many orders are under way', () => {
  it('a new one is refused as a problem, with the time to come back, until there is room', async () => {
    await nothingUnderWay()
    const paid = Promise.withResolvers<ChargeOutcome>()
    others.charge = () => paid.promise
    const backlog = createAdmission({
      underWay: ports.store.underWay,
      most: 1,
      mostPerCustomer: 1_000,
    })
    app = createOrdersApp({ ...ports, backlog })
    const first = await placed()
    const answer = await post('/orders', ada, 'customer', request)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(await answer.json()).toMatchObject({ code: 'overloaded', status: 503 })
    paid.resolve({ outcome: 'charged' })
    await reaches(first, 'confirmed')
    await until('there is room', async () => {
      return (await post('/orders', ada, 'customer', request)).status === 202
    })
  })
})

describe('when one customer has too many orders under way', () => {
  it('that customer is refused, and others are not', async () => {
    const paid = Promise.withResolvers<ChargeOutcome>()
    others.charge = () => paid.promise
    const most = { most: 500, mostPerCustomer: 2 }
    app = createOrdersApp({
      ...ports,
      backlog: createAdmission({ underWay: ports.store.underWay, ...most }),
    })
    const [eve, placedBefore] = [uuid(), await placed()]
    for (const _ of [1, 2])
      expect((await post('/orders', eve, 'customer', request)).status).toBe(202)
    const answer = await post('/orders', eve, 'customer', request)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await answer.json()).toMatchObject({ code: 'too-many-open-orders' })
    expect((await post('/orders', bob, 'customer', request)).status).toBe(202)
    expect((await post(`/orders/${placedBefore}/cancel`)).status).toBe(200)
    paid.resolve({ outcome: 'charged' })
    await until('nothing is under way', async () => (await ports.store.underWay()).size === 0)
  })
})

describe('when another service says no', () => {
  it('out of stock cancels the order', async () => {
    others.reserve = async () => ({ outcome: 'refused', code: 'out-of-stock', sku: 'MUG' })
    const orderId = await placed()
    await reaches(orderId, 'cancelled')
    expect(await events(orderId)).toEqual(['orders-placed-v1', 'orders-cancelled-v1'])
  })

  it('a declined card releases the stock, visibly in the history', async () => {
    others.charge = async () => ({ outcome: 'declined', code: 'insufficient-funds' })
    const orderId = await placed()
    await reaches(orderId, 'cancelled')
    expect(others.calls).toEqual(
      ['reserve', 'charge', 'release'].map((name) => `${name} ${orderId}`),
    )
    expect(await history(orderId)).toEqual([
      'order placed',
      'stock reserved',
      'cancelling: card-declined',
      'stock released',
      'order cancelled',
    ])
  })
})

describe('when another service does not answer', () => {
  it('the order is tried again with the same id until it is confirmed', async () => {
    let faults = 2
    others.charge = async () => {
      if (faults-- > 0) throw new Fault('unavailable', 'payments is down')
      return { outcome: 'charged' }
    }
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    expect(others.calls.filter((call) => call === `charge ${orderId}`)).toHaveLength(3)
  })

  it('an order that a stopping process was driving is left to others after the step at hand', async () => {
    const reserving = Promise.withResolvers<ReserveOutcome>()
    others.reserve = () => reserving.promise
    const orderId = await placed()
    await until('the step is under way', () => others.calls.includes(`reserve ${orderId}`))
    const stopped = driver.stop()
    reserving.resolve(inStock)
    await stopped
    const due = await ports.store.claim(100, 1_000)
    expect(due.map(({ order }) => [order.id, order.status])).toContainEqual([orderId, 'reserved'])
    expect(others.calls).not.toContain(`charge ${orderId}`)
  })

  it('an order that a dead process left behind is taken over when its lease ends', async () => {
    const answer = await post('/orders', ada, 'customer', request)
    const { orderId } = (await answer.json()) as { orderId: string }
    await reaches(orderId, 'confirmed')
    await database.rows
      .deleteFrom('order_history')
      .where('order_id', '=', orderId)
      .where('version', '>', 2)
      .execute()
    const due = { next_attempt_at: new Date(Date.now() - 1) }
    await database.rows
      .updateTable('orders')
      .set({ status: 'reserved', charge: 'asked', version: 2, ...due })
      .where('id', '=', orderId)
      .execute()
    await reaches(orderId, 'confirmed')
    const history = await ports.store.history(orderId)
    expect(history.length).toBeGreaterThan(2)
    expect(new Set(history.map(({ traceId }) => traceId)).size).toBe(1)
  })
})

describe('a customer', () => {
  it('cancels while the card is being charged: money and stock come back', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<ChargeOutcome>()
    others.charge = () => answered
    const orderId = await placed()
    await reaches(orderId, 'reserved')
    expect((await post(`/orders/${orderId}/cancel`)).status).toBe(200)
    answer({ outcome: 'charged' })
    await reaches(orderId, 'cancelled')
    const steps = await history(orderId)
    expect(steps.indexOf('payment returned')).toBeLessThan(steps.indexOf('stock released'))
    expect(others.calls).toContain(`refund ${orderId}`)
  })

  it('does not see, cancel or refund somebody else’s order', async () => {
    const orderId = await placed()
    const answers = [
      await get(`/orders/${orderId}`, bob),
      await get(`/orders/${orderId}/history`, bob),
      await post(`/orders/${orderId}/cancel`, bob),
      await post(`/orders/${orderId}/refund`, bob),
      await get(`/orders/${uuid()}`, bob),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
  })

  it('may not ship', async () => {
    expect((await post(`/orders/${await placed()}/ship`)).status).toBe(403)
  })

  it('lists own orders page by page, newest first', async () => {
    const carol = uuid()
    const ids: string[] = []
    for (const _ of [1, 2, 3]) {
      const { orderId } = (await (await post('/orders', carol, 'customer', request)).json()) as {
        orderId: string
      }
      ids.unshift(orderId)
    }
    const first = (await (await get('/orders?limit=2', carol)).json()) as {
      orders: { orderId: string }[]
      nextCursor: string
    }
    const second = (await (
      await get(`/orders?limit=2&cursor=${first.nextCursor}`, carol)
    ).json()) as typeof first
    expect([...first.orders, ...second.orders].map(({ orderId }) => orderId)).toEqual(ids)
    expect(second.nextCursor).toBeUndefined()
  })
})

describe('an operator', () => {
  it('ships, delivers, approves a return and takes the goods back: then the money goes back', async () => {
    const orderId = await delivered()
    expect((await post(`/orders/${orderId}/cancel`)).status).toBe(409)
    expect(await codeOf(post(`/orders/${orderId}/refund`))).toBe('return-required')
    const reason = { reason: 'too small' }
    const asked = await post(`/orders/${orderId}/return`, ada, 'customer', reason)
    expect(await asked.json()).toMatchObject({
      status: 'delivered',
      goodsReturn: { status: 'requested', reason: 'too small' },
    })
    expect(await codeOf(as(bob, orderId, 'return/receive'))).toBe('return-not-approved')
    expect((await as(bob, orderId, 'return/approve')).status).toBe(200)
    expect((await as(bob, orderId, 'return/receive')).status).toBe(200)
    await reaches(orderId, 'refunded')
    await until('goods are back', async () => others.calls.includes(`return ${orderId}`))
    expect((await events(orderId)).slice(2)).toEqual([
      'orders-shipped-v1',
      'orders-delivered-v1',
      'orders-refunded-v1',
    ])
  })
})

describe('an operator finds an order', () => {
  const found = async (query: string): Promise<string[]> => {
    const answer = await get(`/orders?all=true&${query}`, bob, 'operator')
    expect(answer.status).toBe(200)
    const { orders } = (await answer.json()) as { orders: OrderView[] }
    return orders.map(({ orderId }) => orderId)
  }
  const sentTo = (name: string) => placed({ ...request, shipTo: { ...shipTo, name } })

  it('by the name on the parcel, also without its accents, and by beginnings of its words', async () => {
    const rene = await sentTo('René Über-Łukasz')
    const other = await sentTo('Reinhold Uber')
    for (const typed of ['rene uber lukasz', 'RENÉ', 'luk ren', 'über-łuk'])
      expect(await found(`q=${encodeURIComponent(typed)}`), typed).toEqual([rene])
    expect(await found('q=uber')).toEqual([other, rene])
    const flat = await sentTo("O'Brien-4-7 Zoë 8315-4205-a73e6e25")
    for (const typed of ['7 zoe', 'o brien', "o'brien-4", '4205', '8315-4205-a73e6e25'])
      expect(await found(`q=${encodeURIComponent(typed)}`), typed).toEqual([flat])
    expect(await found(`q=${encodeURIComponent("'); drop table orders; --")}`)).toEqual([])
    for (const noWord of ['!&|()', ':*', '\\', '%25'])
      expect(await found(`q=${encodeURIComponent(noWord)}`), noWord).toEqual([])
  })

  it('by either end of its id', async () => {
    const orderId = await placed()
    for (const part of [orderId, orderId.slice(-8).toUpperCase(), orderId.slice(0, 27)])
      expect(await found(`q=${part}`), part).toContain(orderId)
    expect(await found(`q=${orderId.slice(-8)}`)).toEqual([orderId])
  })

  it('by its customer, in one of several states', async () => {
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    expect((await as(bob, orderId, 'ship')).status).toBe(200)
    const other = await placed()
    await reaches(other, 'confirmed')
    const both = [other, orderId]
    for (const query of ['status=confirmed,shipped', 'status=shipped&status=confirmed'])
      expect((await found(`${query}&limit=2`)).toSorted(), query).toEqual(both.toSorted())
    expect(await found('status=cancelled,refunded&limit=100')).not.toContain(orderId)
    expect(await found(`customerId=${ada}&limit=1`)).toEqual([other])
    expect(await found(`customerId=${uuid()}`)).toEqual([])
    expect((await get('/orders?status=confirmed,lost', bob, 'operator')).status).toBe(400)
  })

  it('by the e-mail of its customer, whatever the spelling, with all other filters', async () => {
    const mine = await placed()
    const own = await (await post('/orders', newcomer, 'customer', request)).json()
    const other = await (await post('/orders', bob, 'customer', request)).json()
    const byEmail = `email=${encodeURIComponent('Ada@BÜCHER.example')}`
    expect(await found(`${byEmail}&limit=2`)).toEqual([(own as Accepted).orderId, mine])
    expect(await found(`${byEmail}&limit=100`)).not.toContain((other as Accepted).orderId)
    expect(await found(`${byEmail}&customerId=${newcomer}`)).toEqual([(own as Accepted).orderId])
    expect(await found(`${byEmail}&customerId=${bob}`)).toEqual([])
    expect(await found('email=nobody@example.com')).toEqual([])
    for (const wrong of ['email=ada', 'email=', 'email=a@b.example&email=c@d.example'])
      expect((await get(`/orders?${wrong}`, bob, 'operator')).status, wrong).toBe(400)
  })

  it('by e-mail not while users is away: 503 with what to do, and all other searches work', async () => {
    accounts = async () => {
      throw new Fault('unavailable', 'users does not answer')
    }
    try {
      const answer = await get('/orders?email=ada@example.com', bob, 'operator')
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await answer.json()).toMatchObject({
        code: 'unavailable',
        detail: expect.stringContaining('Search by name or order id'),
      })
      expect((await get('/orders?all=true&q=ada', bob, 'operator')).status).toBe(200)
    } finally {
      accounts = adasAccounts
    }
  })

  it('by e-mail as an operator only: users is not asked for a customer', async () => {
    let asked = 0
    accounts = async () => [ada, String(asked++)]
    try {
      const answer = await get('/orders?email=ada@example.com', ada)
      expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'forbidden' }])
      expect(asked).toBe(0)
    } finally {
      accounts = adasAccounts
    }
  })

  it('by the day or the moment', async () => {
    const orderId = await sentTo('Somebody of long ago')
    await database.rows
      .updateTable('orders')
      .set({ placed_at: new Date('2026-02-28T23:59:59.999Z') })
      .where('id', '=', orderId)
      .execute()
    expect(await found('from=2026-02-28&to=2026-02-28')).toEqual([orderId])
    expect(await found('from=2026-02-27&to=2026-02-27')).toEqual([])
    expect(await found('from=2026-03-01T00:30:00%2B01:00&to=2026-03-01T01:00:00%2B01:00')).toEqual([
      orderId,
    ])
    for (const wrong of ['from=2026-02-30', 'to=yesterday', 'from='])
      expect((await get(`/orders?${wrong}`, bob, 'operator')).status, wrong).toBe(400)
  })

  it('however many there are: page by page, under every filter', async () => {
    const name = `Zoë ${uuid()}`
    const ids: string[] = []
    for (let order = 0; order < 7; order++) ids.unshift(await sentTo(name))
    const seen: string[] = []
    let cursor = ''
    do {
      const answer = await get(
        `/orders?all=true&limit=3&q=${encodeURIComponent(name)}${cursor}`,
        bob,
        'operator',
      )
      const page = (await answer.json()) as { orders: OrderView[]; nextCursor?: string }
      seen.push(...page.orders.map(({ orderId }) => orderId))
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : ''
    } while (cursor)
    expect(seen).toEqual(ids)
  })

  it('and a customer finds no others by these filters, but what a purchase has become', async () => {
    const orderId = await placed({ ...request, cartId: 'my cart' })
    const carl = uuid()
    const own = async (query: string, user: string) =>
      ((await (await get(`/orders?${query}`, user)).json()) as { orders: OrderView[] }).orders.map(
        (order) => order.orderId,
      )
    expect(await own('cartId=my%20cart', ada)).toEqual([orderId])
    expect(await own('cartId=my%20cart', carl)).toEqual([])
    for (const query of [`customerId=${ada}`, 'all=true', `q=${orderId}`, 'q=ada'])
      expect(await own(query, carl), query).toEqual([])
  })
})

describe('the return policy', () => {
  it('refuses a return of what was delivered 400 days ago, and refunds it by nobody but an operator', async () => {
    const orderId = await delivered()
    const in400Days = new Date(Date.now() + 400 * 86_400_000)
    const later = createOrdersApp({ ...ports, now: () => in400Days, returnDays: 30 })
    const headers = { ...(await tokens.bearer(ada)), 'content-type': 'application/json' }
    const ask = (path: string) =>
      later.request(`/orders/${orderId}/${path}`, { method: 'POST', headers, body: '{}' })
    const refusal = await ask('return')
    expect([refusal.status, await refusal.json()]).toMatchObject([
      409,
      { code: 'return-period-over', returnDays: 30 },
    ])
    expect(await codeOf(post(`/orders/${orderId}/refund`))).toBe('return-required')
    expect((await as(bob, orderId, 'refund')).status).toBe(200)
    await reaches(orderId, 'refunded')
    expect(others.calls).not.toContain(`return ${orderId}`)
  })

  it.each(['approve', 'reject', 'receive'])('lets no customer %s a return', async (what) => {
    const orderId = await delivered()
    const body = { reason: 'mine' }
    await post(`/orders/${orderId}/return`, ada, 'customer', {})
    expect((await post(`/orders/${orderId}/return/${what}`, ada, 'customer', body)).status).toBe(
      403,
    )
    expect((await post(`/orders/${orderId}/return`, bob, 'customer', {})).status).toBe(404)
    const waiting = await get('/orders?all=true&goodsReturn=requested', bob, 'operator')
    const { orders } = (await waiting.json()) as { orders: OrderView[] }
    expect(orders.map((order) => order.orderId)).toContain(orderId)
  })

  it('returns goods that were never shipped to stock when they are refunded', async () => {
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    expect((await post(`/orders/${orderId}/refund`)).status).toBe(200)
    await reaches(orderId, 'refunded')
    await until(
      'goods are back',
      async () => (await history(orderId)).at(-1) === 'goods back in stock',
    )
    expect(others.calls.filter((call) => call === `return ${orderId}`)).toHaveLength(1)
  })

  it('tries again until the catalogue has taken the goods back', async () => {
    let tries = 0
    others.returnGoods = async () => {
      tries += 1
      if (tries < 3) throw new Fault('unavailable', 'the catalogue is away')
    }
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    await post(`/orders/${orderId}/refund`)
    await until(
      'goods are back',
      async () => (await history(orderId)).at(-1) === 'goods back in stock',
    )
    expect(tries).toBe(3)
  })
})

describe('an operator returns a part of the money', () => {
  const part = (
    orderId: string,
    body: object,
    key = uuid(),
    role: 'customer' | 'operator' = 'operator',
  ) => post(`/orders/${orderId}/refunds`, role === 'operator' ? bob : ada, role, body, key)
  const scratch = { amount: euro(490), reason: 'a scratch' }
  const shown = async (orderId: string) =>
    (await (await get(`/orders/${orderId}`)).json()) as OrderView

  it('once per key; the sum and each part are shown, and the order stays what it is', async () => {
    const [orderId, key] = [await delivered(), uuid()]
    const answers = await Promise.all([1, 2, 3].map(() => part(orderId, scratch, key)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    await until('it is back', async () => (await shown(orderId)).refunds?.[0]?.status === 'done')
    expect(await shown(orderId)).toMatchObject({
      status: 'delivered',
      refundedTotal: euro(490),
      refunds: [{ ...scratch, status: 'done' }],
    })
    // a command may be sent again: payments refunds once per refund id
    const sent = others.calls.filter((call) => call.startsWith(`part ${orderId} `))
    expect(new Set(sent).size).toBe(1)
    const other = await part(orderId, { ...scratch, amount: euro(500) }, key)
    expect([other.status, await other.json()]).toMatchObject([
      422,
      { code: 'idempotency-key-reused' },
    ])
  })

  it('never more than was paid, also at the same time', async () => {
    const orderId = await delivered()
    const all = await Promise.all(
      Array.from({ length: 5 }, () => part(orderId, { ...scratch, amount: euro(1000) })),
    )
    expect(all.filter(({ status }) => status === 200)).toHaveLength(2)
    const tooMuch = all.find(({ status }) => status === 409)
    expect(await tooMuch?.json()).toMatchObject({ code: 'refund-exceeds-payment' })
  })

  it('and no customer does; neither does a refund of all take an amount', async () => {
    const orderId = await delivered()
    expect((await part(orderId, scratch, uuid(), 'customer')).status).toBe(403)
    for (const body of [{}, { ...scratch, amount: euro(0) }, { ...scratch, gift: true }])
      expect((await part(orderId, body)).status).toBe(400)
  })

  it.each(['cancel', 'refund'])(
    '%s takes no body, so that no amount is overlooked',
    async (path) => {
      const orderId = await placed()
      await reaches(orderId, 'confirmed')
      for (const body of ['{"amount":{"amount":500,"currency":"EUR"}}', '{}', 'amount=500']) {
        for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
          const headers = { ...(await tokens.bearer(ada)), 'content-type': type }
          const url = `/orders/${orderId}/${path}`
          const answer = await app.request(url, { method: 'POST', headers, body })
          expect([answer.status, await answer.json()]).toMatchObject([
            400,
            { code: 'invalid-request' },
          ])
        }
      }
      expect((await shown(orderId)).status).toBe('confirmed')
    },
  )

  it('that the payment no longer has is shown as refused', async () => {
    others.refundPart = async () => ({ outcome: 'refused', code: 'more-than-left' })
    const orderId = await delivered()
    await part(orderId, scratch)
    await until('refused', async () => (await shown(orderId)).refunds?.[0]?.status === 'refused')
    expect(await shown(orderId)).not.toHaveProperty('refundedTotal')
  })
})

describe('who did what', () => {
  const historyFor = async (orderId: string, user: string, role: 'customer' | 'operator') => {
    const answer = await get(`/orders/${orderId}/history`, user, role)
    return ((await answer.json()) as { history: HistoryEntry[] }).history
  }

  it('is in the history: by name for operators, by role for the customer', async () => {
    const orderId = await delivered()
    const forOperator = await historyFor(orderId, bob, 'operator')
    expect(forOperator.map(({ actor }) => actor)).toEqual([
      { role: 'customer', userId: ada },
      { role: 'system' },
      { role: 'system' },
      { role: 'system' },
      { role: 'operator', userId: bob },
      { role: 'operator', userId: bob },
    ])
    const forCustomer = await historyFor(orderId, ada, 'customer')
    expect(forCustomer.map(({ actor }) => actor?.role)).toEqual(
      forOperator.map(({ actor }) => actor?.role),
    )
    expect(JSON.stringify(forCustomer)).not.toContain(bob)
  })

  it('what another service answered is shown to operators only', async () => {
    const secret = 'connect ECONNREFUSED 10.0.0.7:5432'
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    await post(`/orders/${orderId}/refund`)
    await ports.store.update(orderId, (order) => park({ ...order, status: 'refunding' }, secret))
    expect(JSON.stringify(await historyFor(orderId, bob, 'operator'))).toContain(secret)
    const forCustomer = JSON.stringify(await historyFor(orderId, ada, 'customer'))
    expect(forCustomer).toContain('needs_attention')
    expect(forCustomer).not.toContain(secret)
  })
})

/** Returns all samples of this process by name and labels. */
async function measured(): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => /^[a-z]/.test(line))
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end), Number(line.slice(end + 1))]
    }),
  )
}

describe('what operators see of all orders', () => {
  it('every step names its trace, and how often it was tried without success before', async () => {
    let tries = 0
    others.charge = async () => {
      tries += 1
      if (tries < 3) throw new Fault('unavailable', 'the bank is closed')
      return { outcome: 'charged' }
    }
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    const answer = await get(`/orders/${orderId}/history`)
    const { history } = (await answer.json()) as { history: HistoryEntry[] }
    expect(history.map(({ failures = 0 }) => failures)).toEqual([0, 0, 2, 0])
    for (const { traceId } of history) expect(traceId).toMatch(/^[0-9a-f]{32}$/)
  })

  it('orders that are not at rest, with what happened last', async () => {
    others.charge = async () => {
      throw new Fault('unavailable', 'the bank is closed')
    }
    const orderId = await placed()
    await reaches(orderId, 'reserved')
    const { sagas } = (await (await get('/orders/sagas', bob, 'operator')).json()) as {
      sagas: Saga[]
    }
    const own = sagas.find((saga) => saga.orderId === orderId)
    expect(own).toMatchObject({ status: 'reserved', lastStep: 'stock reserved' })
    expect((await get('/orders/sagas')).status).toBe(403)
    expect((await post(`/orders/${orderId}/cancel`)).status).toBe(200)
    await reaches(orderId, 'cancelled')
  })

  it('metrics that count what orders came to, and how often a step failed', async () => {
    const before = await measured()
    let tries = 0
    others.charge = async () => {
      tries += 1
      if (tries === 1) throw new Fault('unavailable', 'the bank is closed')
      return { outcome: 'charged' }
    }
    await reaches(await placed(), 'confirmed')
    others.charge = async () => ({ outcome: 'declined', code: 'card-declined' })
    await reaches(await placed(), 'cancelled')
    const after = await measured()
    const since = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    expect(since('orders_placed_total')).toBe(2)
    expect(since('saga_duration_seconds_count{status="confirmed"}')).toBe(1)
    expect(since('saga_duration_seconds_count{status="cancelled"}')).toBe(1)
    expect(since('orders_cancelled_total{reason="card-declined"}')).toBe(1)
    expect(since('orders_revenue_euros_total')).toBeCloseTo(29.8)
    const charges = 'saga_step_duration_seconds_count{step="charge",outcome='
    expect(since(`${charges}"failed"}`)).toBe(1)
    expect(since(`${charges}"done"}`)).toBe(2)
  })

  it('how many orders are in each unfinished status, also when none is', async () => {
    const counted = await ports.overview.openByStatus()
    expect([...counted.keys()]).toContain('needs_attention')
    others.charge = async () => {
      throw new Fault('unavailable', 'the bank is closed')
    }
    await reaches(await placed(), 'reserved')
    const more = await ports.overview.openByStatus()
    expect(more.get('reserved')).toBe((counted.get('reserved') ?? 0) + 1)
  })

  it('what the orders of the last hour have come to', async () => {
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    const answer = await get('/orders/sales?minutes=60&stretches=6', bob, 'operator')
    const { sales, reasons } = (await answer.json()) as { sales: Sales[]; reasons: unknown[] }
    const last = sales.at(-1)
    expect(sales).toHaveLength(6)
    expect(last?.sold).toBeGreaterThanOrEqual(1)
    expect(last?.revenue.amount).toBe((last?.sold ?? 0) * inStock.total.amount)
    expect(last?.placed).toBeGreaterThan(last?.sold ?? 0)
    expect(reasons).toContainEqual({ reason: 'customer-request', orders: expect.any(Number) })
    expect((await get('/orders/sales')).status).toBe(403)
  })
})

describe('a refund that payments emits', () => {
  const refundedEvent = (orderId: string, id = uuid()) => ({
    specversion: '1.0',
    id,
    source: 'payments',
    type: 'payments-refunded-v1',
    datacontenttype: 'application/json',
    data: { paymentId: uuid(), orderId, customerId: ada, amount: euro(2980), version: 3 },
  })
  const receive = (body: unknown) =>
    app.request('/events/payments-refunded-v1', {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(body),
    })

  it('refunds the order once, however often it is delivered', async () => {
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    const event = refundedEvent(orderId)
    for (const _ of [1, 2, 3])
      expect(await (await receive(event)).json()).toEqual({ status: 'SUCCESS' })
    await reaches(orderId, 'refunded')
    expect((await events(orderId)).filter((topic) => topic === 'orders-refunded-v1')).toHaveLength(
      1,
    )
  })

  it('of a part is summed and shown', async () => {
    const orderId = await placed()
    await reaches(orderId, 'confirmed')
    const event = refundedEvent(orderId)
    const data = { ...event.data, amount: euro(500), refundedTotal: euro(500) }
    for (const _ of [1, 2])
      expect(await (await receive({ ...event, data })).json()).toEqual({ status: 'SUCCESS' })
    const order = (await (await get(`/orders/${orderId}`)).json()) as OrderView
    expect(order).toMatchObject({ status: 'confirmed', refundedTotal: euro(500) })
  })

  it('that is malformed becomes a dead letter with its cause, which an operator sees', async () => {
    const { data: _, ...poison } = refundedEvent(uuid())
    expect(await (await receive(poison)).json()).toEqual({ status: 'SUCCESS' })
    const { deadLetters } = (await (await get('/orders/dead-letters', bob, 'operator')).json()) as {
      deadLetters: { id: string; cause: string }[]
    }
    expect(deadLetters.find(({ id }) => id === poison.id)?.cause).toContain('malformed-event')
    expect((await get('/orders/dead-letters')).status).toBe(403)
  })
})
