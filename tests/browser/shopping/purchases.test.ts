import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '@sidecart/testing/until.ts'
import type { BrowserContext, Page, Route } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { operator, root } from '../../system/client.ts'
import {
  addToCart,
  checkOut,
  fillAddress,
  handedOver,
  heading,
  register,
  signIn,
  useBrowser,
} from '../visitor.ts'

const { visitor, expectFaults } = useBrowser()
const mug = 'MUG-ENAMEL-BLUE'
const isPlacing = (route: Route) =>
  route.request().method() === 'POST' && new URL(route.request().url()).pathname === '/orders'
const orderButton = (page: Page) => page.getByRole('button', { name: /^Order and pay/ })
const orderLink = (page: Page) => page.getByRole('link', { name: 'See the order' })
const alreadyOrdered = (page: Page) => page.getByText('You have ordered already:')

type Sale = { orderId: string; status: string }

/** Returns the orders of the user of this browser, as shown by the shop. */
async function ordersOf(context: BrowserContext): Promise<Sale[]> {
  const page = await context.newPage()
  const answer = page.waitForResponse(
    (response) => new URL(response.url()).pathname === '/orders' && response.ok(),
  )
  await page.goto('/account/orders')
  const { orders } = (await (await answer).json()) as { orders: Sale[] }
  await page.close()
  return orders
}

/** Returns the charges for these orders in the provider's log. */
async function chargesFor(orders: readonly Sale[]): Promise<number> {
  const log = await readFile(join(root, '.sidecart/provider/log.jsonl'), 'utf8')
  const ids = new Set(orders.map(({ orderId }) => orderId))
  return log
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { effect: string; reference?: string })
    .filter(({ effect, reference }) => effect === 'captured' && ids.has(reference ?? '')).length
}

/** Expects, per purchase, one order not cancelled and one charge. */
async function expectOnePurchase(context: BrowserContext, purchases = 1): Promise<void> {
  const orders = await ordersOf(context)
  const standing = orders.filter(({ status }) => status !== 'cancelled')
  expect(standing.map(({ status }) => status)).toEqual(Array(purchases).fill('confirmed'))
  expect(await chargesFor(orders)).toBe(purchases)
}

async function shopper(): Promise<Page> {
  const page = await visitor()
  await register(page)
  await addToCart(page, mug)
  await handedOver(page) // carts: optional line
  return page
}

/**
 * The saved addresses may arrive while the fields of a new address are shown: then there is nothing
 * to fill in.
 */
async function fillWhatIsAsked(page: Page): Promise<void> {
  const field = page.getByLabel('Full name')
  if (!(await field.isVisible())) return
  await fillAddress(page).catch(async (error) => {
    if (await field.isVisible()) throw error
  })
}

/** Lets the shop accept the order but drops the response to the browser. */
async function loseAnswers(page: Page): Promise<() => Promise<void>> {
  const context = page.context()
  const lose = async (route: Route) => {
    if (isPlacing(route)) await route.fetch()
    await route.abort()
  }
  await context.route(/\/orders(\?|$)/, lose)
  return () => context.unroute(/\/orders(\?|$)/, lose)
}

describe('one purchase is one order', () => {
  it('when the answer is lost and the customer presses again, with another card', async () => {
    const page = await shopper()
    expectFaults(/^409 POST .*\/orders$/, /Failed to fetch/, /ERR_FAILED/)
    const find = await loseAnswers(page)
    await checkOut(page, /^Slow bank/)
    await page.getByText('This part of the shop is not answering').waitFor()
    await find()
    await page.getByLabel('Card that works').check()
    await orderButton(page).click()
    await orderLink(page).click()
    await heading(page, 'Thank you! It is yours')
    await expectOnePurchase(page.context())
  })

  it('when the answer is lost, the tab is closed, and the same goods are put into the cart again', async () => {
    const page = await shopper()
    expectFaults(/^409 POST .*\/orders$/, /Failed to fetch/, /ERR_FAILED/)
    const find = await loseAnswers(page)
    await checkOut(page)
    await page.getByText('This part of the shop is not answering').waitFor()
    const later = await page.context().newPage()
    await page.close()
    await find()
    await later.goto('/shop/cart')
    await later.getByText('It is still empty').waitFor()
    await alreadyOrdered(later).waitFor()
    await addToCart(later, mug)
    await checkOut(later)
    await heading(later, 'Thank you! It is yours')
    await expectOnePurchase(later.context())
  })

  it('when somebody goes back while the bank thinks and orders again, or does so in another tab', async () => {
    const page = await shopper()
    expectFaults(/^409 POST .*\/orders$/)
    const other = await page.context().newPage()
    await other.goto('/checkout')
    await orderButton(other).waitFor()
    await checkOut(page, /^Slow bank/)
    await heading(page, /^Thank you!/)
    await page.goBack()
    await fillWhatIsAsked(page)
    await orderButton(page).click()
    await alreadyOrdered(page).waitFor()
    await fillAddress(other)
    await orderButton(other).click()
    await orderLink(other).click()
    await heading(other, 'Thank you! It is yours')
    await expectOnePurchase(page.context())
  })

  it('and another one when the customer confirms to want the same once more', async () => {
    const page = await shopper()
    expectFaults(/^409 POST .*\/orders$/)
    await checkOut(page, /^Slow bank/)
    await heading(page, /^Thank you!/)
    const first = page.url()
    await page.goBack()
    await page.getByRole('heading', { name: 'Send to' }).waitFor()
    await fillWhatIsAsked(page)
    await page.getByRole('button', { name: 'Order once more' }).dblclick()
    await page.waitForURL(
      (url) => url.pathname.startsWith('/account/orders/') && url.href !== first,
    )
    await heading(page, 'Thank you! It is yours')
    await until('both are confirmed', async () =>
      (await ordersOf(page.context())).every(({ status }) => status === 'confirmed'),
    )
    await expectOnePurchase(page.context(), 2)
  })

  it('when two devices order the same cart', async () => {
    const page = await visitor()
    const account = await register(page)
    await addToCart(page, mug)
    await handedOver(page) // carts: optional line
    const phone = await visitor()
    await signIn(phone, account)
    for (const where of [page, phone]) {
      await where.goto('/checkout')
      await where.getByRole('heading', { name: 'Send to' }).waitFor()
      await fillAddress(where)
      await orderButton(where).waitFor()
    }
    expectFaults(/^409 POST .*\/orders$/)
    await Promise.all([orderButton(page).click(), orderButton(phone).click()])
    for (const where of [page, phone]) {
      await until(
        'it leads to the order',
        async () =>
          where.url().includes('/account/orders/') ||
          orderLink(where)
            .click({ timeout: 500 })
            .then(
              () => true,
              () => false,
            ),
      )
      await heading(where, 'Thank you! It is yours')
    }
    await expectOnePurchase(page.context())
  })
})

/** Returns a seeded generator of numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const rounds = Number(process.env.ROUNDS ?? 2)
const cards = [/^Card that works/, /^Slow bank/, /^Bank with hiccups/, /^Bank that falls silent/]

/**
 * Simulates an impatient customer with a bad connection. The seed decides all actions and losses.
 */
async function impatience(seed: number): Promise<void> {
  const random = randomFrom(seed)
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T
  let page = await shopper()
  const context = page.context()
  const steps: string[] = []

  const connection = async (route: Route) => {
    const fate = isPlacing(route)
      ? pick(['arrives', 'lost', 'lost', 'unreceived', 'unreceived', 'late'])
      : pick(['arrives', 'arrives', 'arrives', 'arrives', 'lost', 'unreceived'])
    if (isPlacing(route)) steps.push(`order ${fate}`)
    if (fate === 'lost') return route.abort()
    if (fate === 'late') await pause(1_000)
    if (fate !== 'unreceived') return route.continue()
    await route.fetch()
    await route.abort()
  }
  /** Ignores errors of routes belonging to a closed page. */
  const unreliable = (route: Route) => connection(route).catch(() => {})
  await context.route(/\/(orders|cart)(\/|\?|$)/, unreliable)

  async function press(): Promise<void> {
    if (!page.url().endsWith('/checkout')) await page.goto('/checkout')
    const button = orderButton(page)
    const canPress = await button.waitFor({ timeout: 4_000 }).then(
      () => true,
      () => false,
    )
    if (!canPress) return
    await fillWhatIsAsked(page)
    await page.getByLabel(pick(cards)).check({ timeout: 2_000 })
    await button.click({ timeout: 2_000 })
    await pause(random() * 1_500)
  }

  const actions = {
    press,
    pressAgain: press,
    reload: () => page.reload(),
    back: () => page.goBack(),
    async newTab() {
      page = await context.newPage()
      await page.goto('/checkout')
    },
    async closedTab() {
      const next = await context.newPage()
      await page.close()
      page = next
      await page.goto('/shop/cart')
    },
  }
  await press()
  for (let step = 0; step < 7; step++) {
    const name = pick(Object.keys(actions) as (keyof typeof actions)[])
    steps.push(name)
    // a button or page may be gone before the click
    await actions[name]().catch(() => {})
  }
  await context.unroute(/\/(orders|cart)(\/|\?|$)/, unreliable)

  /**
   * All requests now succeed; the customer continues until an order exists and no button is left to
   * press.
   */
  page = await context.newPage()
  try {
    await until('the customer knows', () => comesToKnow(page), 60_000, 100)
    await until(
      'all orders are at rest',
      async () =>
        (await ordersOf(context)).every(({ status }) =>
          ['confirmed', 'cancelled'].includes(status),
        ),
      30_000,
      500,
    )
    await expectOnePurchase(context)
  } catch (error) {
    throw new Error(`seed ${seed}: ${steps.join(', ')}: ${error}`, { cause: error })
  }
  await context.close()
}

/**
 * Places the order, or follows the link to an existing one. Returns whether the page of a confirmed
 * order is shown.
 */
async function comesToKnow(page: Page): Promise<boolean> {
  if (!page.url().includes('/account/orders/')) {
    await page.goto('/checkout')
    const shown = orderButton(page).or(orderLink(page)).or(page.getByText('It is still empty'))
    await shown.first().waitFor()
    // the notice may come a moment after the page
    await pause(500)
    if (await orderLink(page).isVisible()) await orderLink(page).click()
    else if (await orderButton(page).isVisible()) {
      await fillWhatIsAsked(page)
      await orderButton(page).click()
    } else {
      await page.goto('/account/orders')
      await page.getByRole('article').getByRole('link').first().click()
    }
  }
  await page.waitForURL(/\/account\/orders\//, { timeout: 5_000 }).catch(() => {})
  if (!page.url().includes('/account/orders/')) return false
  await heading(page, /^Thank you! It is yours|was cancelled/)
  if ((await page.getByRole('heading', { name: 'It is yours' }).count()) > 0) return true
  await page.goto('/')
  return false
}

it('whatever is lost, and whatever is pressed, reloaded or opened: one charge per purchase', async () => {
  const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
  console.log(`purchases: SEED=${first}`)
  expectFaults(
    /^409 POST .*\/orders$/,
    /^4\d\d (PUT|DELETE) .*\/cart/,
    /Failed to fetch/,
    /ERR_FAILED/,
    /AbortError/,
  )
  for (let round = 0; round < rounds; round++) await impatience(first + round)
}, 400_000)

it('a price that rises while the customer looks is shown, and nothing is bought until it is accepted', async () => {
  const boss = await operator()
  const sku = 'TEAPOT-STONEWARE-RUST'
  const price = async (amount: number) => {
    const body = { price: { amount, currency: 'EUR' } }
    expect((await boss.ask('PATCH', `/products/${sku}`, body)).status).toBe(200)
  }
  const shown = await boss.ask('GET', `/products/${sku}`)
  const before = (shown.body.price as { amount: number }).amount
  const page = await visitor()
  await register(page)
  await addToCart(page, sku)
  await handedOver(page) // carts: optional line
  await page.goto('/checkout')
  await page.getByRole('heading', { name: 'Send to' }).waitFor()
  await fillAddress(page)
  await orderButton(page).waitFor()
  const euros = (amount: number) => `€${(amount / 100).toFixed(2)}`
  try {
    await price(before + 300)
    expectFaults(/^409 POST .*\/orders$/)
    await page.getByRole('button', { name: `Order and pay ${euros(before)}` }).click()
    await page.getByText('A price has changed; nothing was ordered.').waitFor()
    await page.getByText(`${euros(before + 300)} instead of ${euros(before)}`).waitFor()
    await page.getByRole('button', { name: `Order and pay ${euros(before + 300)}` }).click()
    await heading(page, 'Thank you! It is yours')
    await page
      .getByText(euros(before + 300))
      .first()
      .waitFor()
  } finally {
    await price(before)
  }
  await expectOnePurchase(page.context())
})
