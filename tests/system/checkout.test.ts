import { randomUUID } from 'node:crypto'
import { until } from '@sidecart/testing/until.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  confirmedCustomer,
  mailsTo, // notifications: optional line
  newCustomer,
  operator,
  orderOf,
  type Person,
  placed,
  reaches,
  stepsOf,
} from './client.ts'
import { invariantsHold, sidecart } from './shop.ts'

const mug = 'MUG-ENAMEL-BLUE'
let ada: Person
let ops: Person

beforeAll(async () => {
  ada = await confirmedCustomer()
  ops = await operator()
})

type Stock = { onHand: number; reserved: number; sold: number }
const stockOf = async (sku: string): Promise<Stock> =>
  (await ops.ask('GET', `/products/${sku}/stock`)).body as Stock

describe('an order', () => {
  it('crosses every service: confirmed, paid, sold, and in the inbox', async () => {
    const before = await stockOf(mug)
    const orderId = await placed(ada, orderOf(mug, 2))
    await reaches(ada, orderId, ['confirmed'])
    expect((await ada.ask('GET', `/payments/${orderId}`)).body).toMatchObject({ status: 'charged' })
    const after = await until('the stock is sold', async () => {
      const stock = await stockOf(mug)
      return stock.sold === before.sold + 2 ? stock : undefined
    })
    expect(after.onHand).toBe(before.onHand - 2)
    // notifications: optional
    const mails = await until('the confirmation arrives', async () => {
      const subjects = await mailsTo(ada.email)
      return subjects.some((subject) => /is confirmed$/.test(subject)) ? subjects : undefined
    })
    expect(new Set(mails).size).toBe(mails.length)
    // /notifications
  })

  // carts: optional
  it('empties the cart of what was bought, and of nothing else', async () => {
    const bob = await newCustomer()
    await bob.ask('PUT', `/cart/items/${mug}`, { quantity: 3 })
    const { body } = await bob.ask('GET', '/products?limit=5&inStock=true')
    const other =
      (body.items as { sku: string }[]).map(({ sku }) => sku).find((sku) => sku !== mug) ?? ''
    await bob.ask('PUT', `/cart/items/${other}`, { quantity: 1 })
    await reaches(bob, await placed(bob, orderOf(mug, 3)), ['confirmed'])
    await until('the cart holds only the other product', async () => {
      const { lines = [] } = (await bob.ask('GET', '/cart')).body as { lines?: { sku: string }[] }
      return lines.length === 1 && lines[0]?.sku === other
    })
  })
  // /carts

  it('is refunded in part by an operator, and then for what is left', async () => {
    const orderId = await placed(ada, orderOf(mug, 2))
    await reaches(ada, orderId, ['confirmed'])
    const scratch = { amount: { amount: 500, currency: 'EUR' }, reason: 'a scratch' }
    const key = { 'idempotency-key': randomUUID() }
    const refunds = `/orders/${orderId}/refunds`
    expect((await ada.ask('POST', refunds, scratch, key)).status).toBe(403)
    expect((await ops.ask('POST', refunds, scratch, key)).status).toBe(200)
    await until('the part is back', async () => {
      const { body } = await ada.ask('GET', `/payments/${orderId}`)
      return (body.refundedTotal as { amount: number } | undefined)?.amount === 500
    })
    expect((await ada.ask('POST', `/orders/${orderId}/refund`)).status).toBe(200)
    await reaches(ada, orderId, ['refunded'])
    const { body } = await ada.ask('GET', `/payments/${orderId}`)
    expect(body).toMatchObject({ status: 'refunded', refundedTotal: body.amount })
  })

  it('ships, is delivered, and is refunded once the goods have come back', async () => {
    const orderId = await placed(ada, orderOf(mug))
    await reaches(ada, orderId, ['confirmed'])
    expect((await ops.ask('POST', `/orders/${orderId}/ship`)).status).toBe(200)
    expect((await ops.ask('POST', `/orders/${orderId}/deliver`)).status).toBe(200)
    expect((await ada.ask('POST', `/orders/${orderId}/refund`)).body.code).toBe('return-required')
    expect((await ada.ask('POST', `/orders/${orderId}/return`, {})).status).toBe(200)
    expect((await ops.ask('POST', `/orders/${orderId}/return/approve`)).status).toBe(200)
    expect((await ops.ask('POST', `/orders/${orderId}/return/receive`)).status).toBe(200)
    await reaches(ada, orderId, ['refunded'])
    await until('the goods are back in stock', async () => {
      const { body } = await ops.ask('GET', `/catalog/orders/${orderId}`)
      return (body.reservation as { returned?: boolean }).returned === true
    })
    expect((await ada.ask('GET', `/payments/${orderId}`)).body).toMatchObject({
      status: 'refunded',
    })
  })
})

describe('each test card through the command', () => {
  it.each([
    ['approved', 'confirmed', undefined],
    ['declined', 'cancelled', 'card-declined'],
    ['retry', 'confirmed', undefined],
    ['timeout-after-charge', 'confirmed', undefined],
    ['slow', 'confirmed', undefined],
  ])('%s ends %s', async (card, status, reason) => {
    const result = JSON.parse(await sidecart('order', '--json', '--card', card)) as {
      status: string
      reason?: string
      acceptMs: number
      completeMs: number
    }
    expect(result).toMatchObject({ status, ...(reason && { reason }) })
    expect(result.acceptMs).toBeLessThanOrEqual(result.completeMs)
  })

  it('more than the stock ends cancelled', async () => {
    const result = JSON.parse(
      await sidecart('order', '--json', '--sku', 'TEAPOT-STONEWARE-RUST', '--quantity', '999'),
    ) as object
    expect(result).toMatchObject({ status: 'cancelled', reason: 'out-of-stock' })
  })
})

describe('compensation', () => {
  it('of a declined card releases the stock, in reverse order, visibly', async () => {
    const orderId = await placed(ada, orderOf(mug, 1, 'card_declined'))
    expect(await reaches(ada, orderId, ['cancelled'])).toMatchObject({ reason: 'card-declined' })
    expect(await stepsOf(ada, orderId)).toEqual([
      'order placed',
      'stock reserved',
      'cancelling: card-declined',
      'stock released',
      'order cancelled',
    ])
  })

  it('of an order that the customer cancels while the card is slow returns the money, then the stock', async () => {
    const orderId = await placed(ada, orderOf(mug, 1, 'card_slow'))
    await reaches(ada, orderId, ['reserved'])
    expect((await ada.ask('POST', `/orders/${orderId}/cancel`)).status).toBe(200)
    await reaches(ada, orderId, ['cancelled'])
    const steps = await stepsOf(ada, orderId)
    expect(steps.indexOf('stock released')).toBeGreaterThan(
      steps.findIndex((step) => /payment/.test(step)),
    )
  })
})

describe('the same Idempotency-Key', () => {
  it('50 times in parallel is one order and 50 identical answers', async () => {
    const key = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        ada.ask('POST', '/orders', orderOf(mug), { 'idempotency-key': key }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(new Set(answers.map(({ headers }) => headers.get('location'))).size).toBe(1)
  })

  it('with another body is a 422 problem', async () => {
    const key = randomUUID()
    await placed(ada, orderOf(mug), key)
    const answer = await ada.ask('POST', '/orders', orderOf(mug, 2), { 'idempotency-key': key })
    expect(answer.status).toBe(422)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })
})

it('afterwards the invariants hold over all services, the provider and the inbox', () =>
  invariantsHold(30_000))
