import { randomUUID } from 'node:crypto'
import { until } from '@sidecart/testing/until.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  newCustomer,
  operator,
  orderOf,
  type Person,
  placed,
  reaches,
  secrets,
  shipTo,
} from '../system/client.ts'
// notifications: optional
// /notifications
import { deadLetters, parkedOrder } from './fixtures.ts'
import {
  addToCart,
  checkOut,
  fillAddress,
  heading,
  register,
  signInAsOperator,
  signInHere,
  useBrowser,
} from './visitor.ts'

const browser = useBrowser()
const { visitor } = browser
const mug = 'MUG-ENAMEL-BLUE'
let ada: Person

beforeAll(async () => {
  ada = await newCustomer()
})

it('a newcomer buys something, and is led from there to its story in the console', async () => {
  const page = await visitor()
  await page.goto('/')
  await page.getByRole('link', { name: 'See all products' }).click()
  await page.getByRole('link', { name: /^Kitchen/ }).click()
  await page.getByRole('link', { name: 'Enamel mug, harbour blue' }).click()
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByRole('link', { name: 'Cart, 1 piece' }).click()
  await page.getByRole('link', { name: 'Sign in and check out' }).click()
  await page.getByText('demo@sidecart.example').waitFor()
  await signInHere(page, 'demo')
  await heading(page, 'Checkout')
  await page.getByRole('heading', { name: 'Send to' }).waitFor()
  if (await page.getByLabel('Full name').isVisible()) await fillAddress(page)
  await page.getByRole('button', { name: /^Order and pay/ }).click()
  await heading(page, 'Thank you! It is yours')
  const orderId = page.url().split('/').at(-1) ?? ''

  await page.getByRole('link', { name: /^the story of order/ }).click()
  await page.getByText(/who is no operator/).waitFor()
  await page.getByRole('button', { name: 'Sign in as an operator' }).click()
  await page.getByText('operator@sidecart.example').waitFor()
  await signInHere(page, 'operator')
  await heading(page, 'An order’s story')
  await page.getByText(orderId, { exact: true }).waitFor()
  const story = page.getByRole('table')
  for (const happening of [
    /order placed/,
    /holds 1 ×/,
    /captured/,
    /records the charge/,
    /order confirmed/,
    /receives orders-confirmed-v1, sells/,
    /sends a mail/,
  ])
    await story.getByRole('row', { name: happening }).first().waitFor()
  expect(await page.getByRole('list', { name: 'Traces' }).textContent()).toMatch(/[0-9a-f]{32}/)
})

it('an operator sees who may call whom, and finds an order by the end of its id', async () => {
  const orderId = await placed(ada, orderOf(mug))
  const page = await visitor()
  await signInAsOperator(page)
  await page.getByRole('button', { name: /^orders up/ }).click()
  await page.getByText('DELETE PUT /internal/reservations/*').waitFor()
  await page.getByRole('link', { name: 'Orders' }).first().click()
  await page
    .getByRole('textbox', { name: 'Order id, or its end' })
    .fill(orderId.slice(-8).toUpperCase())
  await page.keyboard.press('Enter')
  await heading(page, 'An order’s story')
  await page.getByText(orderId, { exact: true }).waitFor()
})

// notifications: optional
it('an operator replays dead letters once their cause is gone', async () => {
  const { orderId, letters, mend } = await deadLetters(ada)
  const page = await visitor()
  await signInAsOperator(page)
  await page
    .getByRole('link', { name: /^Dead letters/ })
    .first()
    .click()
  const cards = page.getByRole('article').filter({ hasText: orderId })
  await until('all are listed', async () => (await cards.count()) === letters)
  browser.expectFaults(/^409 POST .*replay$/)
  await cards.first().getByRole('button', { name: 'Replay' }).click()
  await page.getByText(/It failed again/).waitFor()
  await mend()
  for (let left = letters; left > 0; left--) {
    await cards.first().getByRole('button', { name: 'Replay' }).click()
    await until('one letter less', async () => (await cards.count()) === left - 1)
  }
  const { body } = await ada.ask('GET', `/notifications?orderId=${orderId}`)
  expect((body.notifications as unknown[]).length).toBeGreaterThanOrEqual(2)
})
// /notifications

it('an operator resumes a parked order, and it is undone', async () => {
  const orderId = await parkedOrder(ada)
  const page = await visitor()
  await signInAsOperator(page)
  await page.goto('/ops/orders')
  await page.getByRole('button', { name: `Resume order ${orderId}` }).click()
  await reaches(ada, orderId, ['cancelled'])
  await page.getByRole('button', { name: `Resume order ${orderId}` }).waitFor({ state: 'hidden' })
  await page.goto(`/ops/orders/${orderId}`)
  await page.getByRole('row', { name: /resumed by an operator/ }).waitFor()
})

it('an operator returns a part of the money with a reason, and rejects a return with one', async () => {
  const orderId = await placed(ada, orderOf(mug, 2))
  await reaches(ada, orderId, ['confirmed'])
  const page = await visitor()
  await signInAsOperator(page)
  await page.goto(`/ops/orders/${orderId}`)
  await page.getByRole('button', { name: `Refund a part of order ${orderId}` }).click()
  const refund = page.getByRole('form', { name: 'Refund a part' })
  await refund.getByLabel('Amount in euros').fill('1000000')
  await refund.getByLabel('Reason, for the customer').fill('a scratch')
  await refund.getByRole('button', { name: 'Refund a part' }).click()
  expect((await ada.ask('GET', `/orders/${orderId}`)).body.refunds ?? []).toEqual([])
  await refund.getByLabel('Amount in euros').fill('1.05')
  await refund.getByRole('button', { name: 'Refund a part' }).click()
  await refund.waitFor({ state: 'hidden' })
  await until('the part is back', async () => {
    const { body } = await ada.ask('GET', `/orders/${orderId}`)
    return (body.refundedTotal as { amount: number } | undefined)?.amount === 105
  })

  const boss = await operator()
  expect((await boss.ask('POST', `/orders/${orderId}/ship`)).status).toBe(200)
  expect((await ada.ask('POST', `/orders/${orderId}/return`, {})).status).toBe(200)
  await page.reload()
  await page.getByRole('button', { name: `Reject the return of order ${orderId}` }).click()
  const rejection = page.getByRole('form', { name: 'Reject the return' })
  await rejection.getByRole('button', { name: 'Reject the return' }).click()
  expect((await ada.ask('GET', `/orders/${orderId}`)).body.goodsReturn).toMatchObject({
    status: 'requested',
  })
  await rejection.getByLabel('Reason, for the customer').fill('it was worn')
  await rejection.getByRole('button', { name: 'Reject the return' }).click()
  await page.getByRole('row', { name: /return rejected.*it was worn/ }).waitFor()
  expect((await ada.ask('GET', `/orders/${orderId}`)).body.goodsReturn).toMatchObject({
    status: 'rejected',
    answer: 'it was worn',
  })
})

it('the invariants hold', async () => {
  const page = await visitor()
  await signInAsOperator(page)
  await page.goto('/ops/invariants')
  const [again, hold] = [
    page.getByRole('button', { name: 'Check now' }),
    page.getByText(/^All \d+ hold\./),
  ]
  await again.click()
  const allHold = async () => {
    await again.waitFor()
    if (await hold.isVisible()) return true
    await again.click()
    return false
  }
  await until('what is still moving has come to rest', allHold, 60_000)
})

it('all cards are declined from a button, until that is mended', async () => {
  const page = await visitor()
  await signInAsOperator(page)
  await page.goto('/ops/faults')
  await page.getByRole('button', { name: 'decline' }).click()
  await page.getByText('decline: provider').waitFor()
  const shopper = await visitor()
  await register(shopper)
  await addToCart(shopper, mug)
  await checkOut(shopper)
  await heading(shopper, 'This order was cancelled')
  await page.getByRole('button', { name: 'Mend decline: provider' }).click()
  await page.getByText('decline: provider').waitFor({ state: 'hidden' })
  await shopper.getByRole('button', { name: 'Try again' }).click()
  await checkOut(shopper)
  await heading(shopper, 'Thank you! It is yours')
})

describe('the console', () => {
  it('lets an operator sign out on each of its pages', async () => {
    const page = await visitor()
    for (const path of ['/ops', '/ops/orders', '/ops/letters', '/ops/faults']) {
      await page.goto(path)
      await signInAsOperator(page)
      const ended = page.waitForResponse('**/sessions/logout')
      await page
        .getByRole('navigation', { name: 'Operations' })
        .getByRole('button', { name: 'Sign out' })
        .click()
      await ended
      await page.getByRole('button', { name: 'Sign in' }).waitFor()
      expect((await page.context().cookies()).map(({ name }) => name)).toEqual([])
    }
  })

  it('is for operators only', async () => {
    const page = await visitor()
    await register(page)
    await page.goto('/ops')
    await page.getByText(/who is no operator/).waitFor()
    for (const path of ['/operations/map', '/orders/sagas', '/orders/sales'])
      expect((await ada.ask('GET', path)).status, path).toBe(403)
    const shown = await (await operator()).ask('GET', '/operations/map')
    expect(shown.text).not.toMatch(/postgres:\/\/|nats:\/\//i)
    for (const [name, secret] of Object.entries(secrets()))
      if (!/host|brokers|username|file$/.test(name))
        expect(shown.text.includes(secret), name).toBe(false)
  })
})

it('an operator finds the orders of a customer by e-mail, typed in any way', async () => {
  const zoe = await newCustomer()
  const [hers, another] = [await placed(zoe, orderOf(mug)), await placed(ada, orderOf(mug))]
  const page = await visitor()
  await signInAsOperator(page)
  await page.getByRole('link', { name: 'Orders' }).first().click()
  const table = page.getByRole('region', { name: 'Table of all orders' })
  const row = (orderId: string) => table.getByRole('link', { name: orderId.slice(-12) })
  await row(another).waitFor()
  await page
    .getByRole('searchbox', { name: 'Name, e-mail or order id' })
    .fill(` ${zoe.email.toUpperCase()} `)
  await row(another).waitFor({ state: 'detached' })
  expect(await table.getByRole('row').count()).toBe(2)
  await row(hers).waitFor()
})

it('an operator finds orders by name, state and day, beyond the first page, and a product that is no longer sold', async () => {
  const name = `Zoë Brûlée ${randomUUID()}`
  const sku = 'RADIO-TABLE-SKY'
  for (let order = 0; order < 52; order++)
    await placed(ada, { ...orderOf(mug), shipTo: { ...shipTo, name } })
  const cancelled = await placed(ada, {
    ...orderOf(mug, 1, 'card_declined'),
    shipTo: { ...shipTo, name },
  })
  await reaches(ada, cancelled, ['cancelled'])

  const page = await visitor()
  await signInAsOperator(page)
  await page.getByRole('link', { name: 'Orders' }).first().click()
  const rows = page.getByRole('row').filter({ hasText: name })
  await page
    .getByRole('searchbox', { name: 'Name, e-mail or order id' })
    .fill(name.replace('ë', 'e'))
  await until('the first page is there', async () => (await rows.count()) === 50)
  await page.getByRole('button', { name: 'Show older ones' }).click()
  await until('all are there', async () => (await rows.count()) === 53)
  await page.getByLabel('cancelled', { exact: true }).check()
  await until('only the cancelled one is', async () => (await rows.count()) === 1)
  await page.getByLabel('needs_attention', { exact: true }).check()
  await page.getByLabel('Placed on').fill('2020-01-01')
  await page.getByText('No such orders.').waitFor()

  const boss = await operator()
  const discontinue = async (discontinued: boolean) =>
    expect((await boss.ask('PATCH', `/products/${sku}`, { discontinued })).status).toBe(200)
  await discontinue(true)
  try {
    await page.getByRole('link', { name: 'Business' }).first().click()
    await page.getByRole('searchbox', { name: 'Find a product' }).fill('table radio')
    await page
      .getByRole('button', { name: /discontinued/ })
      .filter({ hasText: sku })
      .waitFor()
  } finally {
    await discontinue(false)
  }
})
