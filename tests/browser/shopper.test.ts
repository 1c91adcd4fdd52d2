import type { Route } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import {
  addToCart,
  checkOut,
  drawn,
  fillAddress,
  heading,
  late,
  newAccount,
  register,
  signIn,
  useBrowser,
} from './visitor.ts'

const { visitor, expectFaults } = useBrowser()
const mug = 'MUG-ENAMEL-BLUE'

describe('somebody who looks around', () => {
  it('searches, filters and sorts, and can share the address of what was found', async () => {
    const page = await visitor()
    await page.goto('/')
    await page.getByRole('searchbox', { name: 'Search products' }).fill('lamp')
    await page.keyboard.press('Enter')
    await heading(page, '“lamp”')
    await page
      .getByRole('link', { name: /^All products/ })
      .first()
      .click()
    await heading(page, 'All products')
    await page.getByRole('link', { name: /^Kitchen/ }).click()
    await heading(page, 'Kitchen')
    await page.getByLabel('Sort by').selectOption('Price: high to low')
    await page.getByRole('textbox', { name: 'To' }).fill('30')
    await page.keyboard.press('Enter')
    await page.waitForURL(/maxPrice=3000/)
    const again = await visitor()
    await again.goto(page.url())
    await again.getByRole('article').first().waitFor()
    const prices = (await again.getByText(/^€\d/).allTextContents()).map((text) =>
      Number(text.slice(1)),
    )
    expect(prices).toEqual([...prices].sort((one, other) => other - one))
    expect(Math.max(...prices)).toBeLessThanOrEqual(30)
  })

  it('is told when there is nothing', async () => {
    const page = await visitor()
    await page.goto('/shop?q=zeppelin')
    await page.getByRole('heading', { name: 'Nothing on this shelf' }).waitFor()
    await page.getByRole('button', { name: 'Show everything' }).click()
    await heading(page, 'All products')
    expectFaults(/^404 .*\/products\/NO-SUCH-THING/)
    await page.goto('/item/NO-SUCH-THING')
    await heading(page, 'There is no such product')
  })
})

describe('a shopper', () => {
  it('buys as a guest who registers on the way, and finds the order again', async () => {
    const page = await visitor()
    // carts: optional
    await late(page, 'PUT', /\/cart\/items\//)
    // /carts
    await addToCart(page, mug)
    await page.getByRole('link', { name: /^Cart, 1 piece/ }).click()
    await heading(page, 'Your cart')
    await page.getByRole('button', { name: /more$/ }).click()
    await page.getByRole('link', { name: 'Sign in and check out' }).click()
    await page.getByRole('link', { name: 'Create an account' }).click()
    await heading(page, 'Create an account')
    await register(page)
    await heading(page, 'Checkout')
    await fillAddress(page)
    await page.getByRole('button', { name: 'Order and pay €29.80' }).click()
    await heading(page, 'Thank you! It is yours')
    await page.getByRole('link', { name: 'Cart, 0 pieces' }).waitFor()

    await page.reload()
    await heading(page, 'Thank you! It is yours')
    await page.getByRole('link', { name: 'Orders' }).click()
    await page.getByRole('article').filter({ hasText: '€29.80' }).getByText('Confirmed').waitFor()
    await page.getByRole('link', { name: 'Addresses' }).click()
    await page.getByText('Harbour Road 1').waitFor()
  })

  it('sees the newest state of an order, however late an older answer comes', async () => {
    const page = await visitor()
    await register(page)
    await addToCart(page, mug)
    const older = Promise.withResolvers<void>()
    const holdUp = async (route: Route) => {
      const response = await route.fetch()
      await heading(page, 'Thank you! It is yours')
      await route.fulfill({ response })
      older.resolve()
    }
    await page.route(/\/orders\/[0-9a-f-]{36}$/, holdUp, { times: 1 })
    await checkOut(page, /^Slow bank/)
    await older.promise
    await drawn(page)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
      'Thank you! It is yours',
    )
  })

  it('is declined, keeps the cart and the address, and tries again with another card', async () => {
    const page = await visitor()
    await register(page)
    await addToCart(page, mug)
    await late(page, 'GET', /\/users\/me\/addresses$/)
    await checkOut(page, /^Card without money/)
    await heading(page, 'This order was cancelled')
    await page.getByText('The bank declined the card. Nothing was charged').waitFor()
    await page.getByRole('link', { name: 'Cart, 1 piece' }).waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await heading(page, 'Checkout')
    const [sent] = await Promise.all([
      page.waitForRequest((one) => one.method() === 'POST' && one.url().endsWith('/orders')),
      page.getByRole('button', { name: 'Order and pay €14.90' }).click(),
    ])
    expect(sent.postDataJSON().shipTo).toEqual({ addressId: expect.any(String) })
    await heading(page, 'Thank you! It is yours')
    await page.getByText('Harbour Road 1').waitFor()
  })

  it('asks the money back of what was paid', async () => {
    const page = await visitor()
    await register(page)
    await addToCart(page, mug)
    await checkOut(page)
    await heading(page, 'Thank you! It is yours')
    await page.getByRole('button', { name: 'Ask for a refund' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Ask for a refund' }).click()
    await page.getByText('€14.90 went back to your card.').waitFor()
  })
})

describe('an account', () => {
  it('says at each field what is wrong with it', async () => {
    const page = await visitor()
    const account = await register(page)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await heading(page, 'Sign in')
    await page.goto('/register')
    await page.getByLabel('Name').fill('Ada')
    await page.getByLabel('E-mail').fill('not an address')
    await page.getByLabel('Password').fill('short')
    await page.getByRole('button', { name: 'Create the account' }).click()
    await page.locator('[name="email"][aria-invalid="true"]:focus').waitFor()
    await page.locator('[type="password"][aria-invalid="true"]').waitFor()
    expectFaults(/^401 POST .*\/sessions$/)
    await page.goto('/sign-in')
    await page.getByLabel('E-mail').fill(account.email)
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('No account has this e-mail and password.').waitFor()
  })

  it('keeps its session over a reload without a token that scripts can read', async () => {
    const page = await visitor()
    const account = await register(page, newAccount())
    await page.goto('/account/profile')
    await page.getByRole('textbox', { name: 'E-mail' }).waitFor()
    expect(await page.getByRole('textbox', { name: 'E-mail' }).inputValue()).toBe(account.email)
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual(['sidecart.session'])
  })

  it('signs out in all tabs, and changes what it is asked to', async () => {
    const page = await visitor()
    const account = await register(page)
    await page.goto('/account/mails')
    await page.getByLabel(/^News/).check()
    await page.getByText('Saved').waitFor()
    await page.goto('/account/profile')
    const password = page.getByRole('form', { name: 'Password' })
    await password.getByLabel('Current password').fill(account.password)
    await password.getByLabel('New password').fill(`${account.password}-2`)
    await password.getByRole('button').click()
    await page.getByText('Every other device is signed out').waitFor()

    const other = await page.context().newPage()
    await other.goto('/account/mails')
    await other.getByLabel(/^News/).waitFor()
    expect(await other.getByLabel(/^News/).isChecked()).toBe(true)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await heading(other, 'Sign in')
    await signIn(page, { ...account, password: `${account.password}-2` })
  })
})
