import { until } from '@sidecart/testing/until.ts'
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { confirmEmail, mailsTo, newCustomer, orderOf, placed } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'
import {
  addToCart,
  checkOut,
  fillAddress,
  handedOver,
  heading,
  register,
  signInAsOperator,
  useBrowser,
} from './visitor.ts'

const { visitor, expectFaults } = useBrowser()
const mug = 'MUG-ENAMEL-BLUE'
const comesBack = { timeout: 30_000 }
const stopped = new Set<string>()

async function stop(service: string): Promise<void> {
  stopped.add(service)
  await sidecart('stop', service)
  expectFaults(/^503 /, /Failed to fetch/, /ERR_/)
}

async function start(service: string): Promise<void> {
  await sidecart('start', service)
  stopped.delete(service)
}

afterEach(async () => {
  for (const service of stopped) await start(service)
})

/** Opens the page of an order waiting for payments, which is stopped. */
async function unpaidOrder(): Promise<Page> {
  const page = await visitor()
  await register(page)
  await addToCart(page, mug)
  await stop('payments')
  await checkOut(page)
  await heading(page, 'Thank you! One moment…')
  return page
}

describe('while a service is away its part says so, the rest works, and it mends itself', () => {
  it('users: anyone who is signed in sees what everybody sees', async () => {
    const page = await visitor()
    await register(page)
    await stop('users')
    await page.goto('/shop')
    await page.getByRole('article').first().waitFor()
    await page.goto('/account/profile')
    await page.getByText('Your account cannot be reached at the moment.').waitFor()
    await start('users')
    await page.getByRole('button', { name: 'Save the name' }).waitFor(comesBack)
  })

  it('users: an address that was typed in stays, and an order can be sent there', async () => {
    const page = await visitor()
    await register(page)
    await addToCart(page, mug)
    await page.goto('/shop/cart')
    await page.getByRole('link', { name: 'Go to checkout' }).waitFor()
    await stop('users')
    await page.getByRole('link', { name: 'Go to checkout' }).click()
    await page.getByRole('heading', { name: 'Send to' }).waitFor()
    await fillAddress(page)
    for (let look = 0; look < 2; look++)
      await page.waitForResponse((answer) => answer.url().endsWith('/users/me/addresses'))
    await start('users')
    await page.waitForResponse((answer) => answer.url().endsWith('/addresses') && answer.ok())
    await page.getByRole('button', { name: /^Order and pay/ }).click()
    await heading(page, 'Thank you! It is yours')
    await page.getByText('Harbour Road 1').waitFor()
  })

  it('users: an operator is told that orders are not found by e-mail, finds them by id, and later by both', async () => {
    const zoe = await newCustomer()
    const orderId = await placed(zoe, orderOf(mug))
    const page = await visitor()
    await signInAsOperator(page)
    await page.getByRole('link', { name: 'Orders' }).first().click()
    const search = page.getByRole('searchbox', { name: 'Name, e-mail or order id' })
    const row = page
      .getByRole('region', { name: 'Table of all orders' })
      .getByRole('link', { name: orderId.slice(-12) })
    await row.waitFor()
    await stop('users')
    await search.fill(zoe.email)
    await page.getByText('accounts do not answer. Search by name or order id').waitFor()
    await search.fill(orderId)
    await row.waitFor()
    await search.fill(zoe.email)
    await page.getByText('accounts do not answer').waitFor()
    await start('users')
    await row.waitFor(comesBack)
  })

  it('catalog', async () => {
    const page = await visitor()
    await addToCart(page, mug)
    await stop('catalog')
    await page.goto('/shop')
    await page.getByText('The catalogue cannot be reached at the moment.').waitFor()
    await page.getByRole('link', { name: /^Cart, 1 piece/ }).click()
    await page.getByText('which knows the prices, cannot be reached').waitFor()
    await start('catalog')
    await page.getByRole('link', { name: 'Sign in and check out' }).waitFor(comesBack)
    expect(await page.getByText('cannot be reached').count()).toBe(0)
  })

  // carts: optional
  it('carts: what is added meanwhile is kept here, and handed over', async () => {
    const page = await visitor()
    await register(page)
    await stop('carts')
    await addToCart(page, mug)
    await page.getByText('Kept in this browser until your cart answers again.').waitFor()
    await page.getByRole('link', { name: 'Cart, 1 piece' }).click()
    await page.getByText('Your cart cannot be reached at the moment.').waitFor()
    const other = await page.context().newPage()
    await other.goto('/checkout')
    await other.getByRole('button', { name: /^Order and pay €14.90/ }).waitFor()
    await other.close()
    await start('carts')
    await page.getByText('Your cart cannot be reached').waitFor({ state: 'hidden', ...comesBack })
    await handedOver(page)
    await page.reload()
    await page.getByRole('link', { name: 'Cart, 1 piece' }).waitFor()
  })
  // /carts

  // carts: optional
  it('carts: without a cart there is nothing to pay', async () => {
    const page = await visitor()
    await register(page)
    await stop('carts')
    await page.goto('/checkout')
    await page.getByText('Your cart cannot be reached at the moment.').waitFor()
    await page.getByRole('heading', { name: 'Pay with' }).waitFor()
    expect(await page.getByRole('button', { name: /^Order/ }).count()).toBe(0)
  })
  // /carts

  it('payments: an order is accepted, and paid when they are back', async () => {
    const page = await unpaidOrder()
    await start('payments')
    await page.getByRole('heading', { name: 'Thank you! It is yours' }).waitFor(comesBack)
  })

  it('payments: an order that waits for them can be cancelled', async () => {
    const page = await unpaidOrder()
    await page.getByRole('button', { name: 'Cancel the order' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the order' }).click()
    await page.getByText('Being cancelled').first().waitFor()
    await start('payments')
    await page
      .getByText('Being cancelled')
      .first()
      .waitFor({ state: 'hidden', ...comesBack })
    await heading(page, 'This order was cancelled')
    await page.getByText('You cancelled this order.').waitFor()
  })

  // notifications: optional
  it('notifications: nobody notices, and the mails come later', async () => {
    const page = await visitor()
    const { email } = await register(page)
    await confirmEmail(email)
    await stop('notifications')
    await addToCart(page, mug)
    await checkOut(page)
    await heading(page, 'Thank you! It is yours')
    await start('notifications')
    const confirmed = async () => (await mailsTo(email)).some((one) => /is confirmed$/.test(one))
    await until('the mail is there', confirmed, 60_000)
  })
  // /notifications

  it('orders: an order that is being followed goes on when it is back', async () => {
    const page = await unpaidOrder()
    await stop('orders')
    await page.getByText('This order cannot be reached at the moment.').waitFor()
    await start('orders')
    await start('payments')
    await page.getByRole('heading', { name: 'Thank you! It is yours' }).waitFor(comesBack)
    await page.getByText('Live', { exact: true }).waitFor(comesBack)
  })
})

it('offline and back', async () => {
  const page = await visitor()
  await page.goto('/shop')
  await page.getByRole('article').first().waitFor()
  expectFaults(/Failed to fetch/, /ERR_INTERNET/)
  await page.context().setOffline(true)
  await page.getByRole('link', { name: /^Audio/ }).click()
  await page.getByText('The catalogue cannot be reached at the moment.').waitFor()
  await page.context().setOffline(false)
  await heading(page, 'Audio')
  await page.getByText('The catalogue cannot be reached').waitFor({ state: 'hidden', ...comesBack })
  expect(await page.getByRole('article').count()).toBeGreaterThan(3)
})
