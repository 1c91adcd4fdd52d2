// carts: optional file
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { addToCart, handedOver, register, signIn, useBrowser } from '../visitor.ts'

const { visitor, expectFaults } = useBrowser()
const [mug, lamp] = ['MUG-ENAMEL-BLUE', 'LAMP-DESK-BRASS']

it('what an earlier version of the page kept in the browser is in the cart', async () => {
  const page = await visitor()
  await page.goto('/')
  await page.evaluate(
    (sku) => localStorage.setItem('sidecart.basket', JSON.stringify([{ sku, quantity: 2 }])),
    mug,
  )
  await page.reload()
  await page.getByRole('link', { name: 'Cart, 2 pieces' }).waitFor()
  expect(await page.evaluate(() => localStorage.getItem('sidecart.basket'))).toBeNull()
})

it('a guest’s cart survives a reload and is the same in every tab', async () => {
  const page = await visitor()
  const other = await page.context().newPage()
  await other.goto('/')
  await addToCart(page, mug)
  await other.getByRole('link', { name: 'Cart, 1 piece' }).waitFor()
  await page.reload()
  await page.getByRole('link', { name: 'Cart, 1 piece' }).waitFor()
})

it('what a guest has put in joins what was there at the next sign-in', async () => {
  const page = await visitor()
  const account = await register(page)
  await addToCart(page, mug)
  await addToCart(page, mug)
  await page.getByRole('link', { name: 'Cart, 2 pieces' }).waitFor()
  await page.goto('/account')
  await page.getByRole('link', { name: 'Cart, 2 pieces' }).waitFor()
  await handedOver(page)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Cart, 0 pieces' }).waitFor()
  await addToCart(page, lamp)
  await addToCart(page, mug)
  await signIn(page, account)
  await page.getByRole('link', { name: 'Cart, 3 pieces' }).waitFor()
  await handedOver(page)
})

it('a stale cart overwrites nothing: a change of another line is made, of the same line it is shown', async () => {
  const page = await visitor()
  const account = await register(page)
  await addToCart(page, mug)
  await addToCart(page, lamp)
  const phone = await visitor()
  await signIn(phone, account)
  await Promise.all([page.goto('/shop/cart'), phone.goto('/shop/cart')])
  const lineOn = (where: Page, name: RegExp) =>
    where.getByRole('group', { name }).getByRole('status')
  const add = async (where: Page, name: RegExp) => {
    const done = where.waitForResponse(
      (response) => response.request().method() === 'PUT' && response.ok(),
    )
    await where.getByRole('button', { name }).click()
    await done
  }
  await lineOn(phone, /Desk lamp/).waitFor()
  await lineOn(page, /Desk lamp/).waitFor()

  await add(page, /One Enamel mug.* more/)
  await page.getByRole('link', { name: 'Cart, 3 pieces' }).waitFor()
  expectFaults(/^412 /)
  for (const pieces of [4, 5]) {
    await add(phone, /One Desk lamp.* more/)
    await phone.getByRole('link', { name: `Cart, ${pieces} pieces` }).waitFor()
  }
  expect(await lineOn(phone, /Enamel mug/).textContent()).toBe('2')

  await page.getByRole('button', { name: /One Desk lamp.* more/ }).click()
  await page.getByText('Your cart was changed elsewhere').waitFor()
  await page.getByRole('link', { name: 'Cart, 5 pieces' }).waitFor()
  expect(await lineOn(page, /Desk lamp/).textContent()).toBe('3')
})
