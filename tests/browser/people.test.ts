import type { BrowserContext, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import {
  addToCart,
  checkOut,
  handedOver,
  heading,
  newAccount,
  register,
  signIn,
  useBrowser,
} from './visitor.ts'

const browser = useBrowser()
const { visitor } = browser
const [mug, lamp] = ['MUG-ENAMEL-BLUE', 'LAMP-DESK-BRASS']
const pieces = (page: Page, count: number) =>
  page.getByRole('link', { name: `Cart, ${count} piece${count === 1 ? '' : 's'}` }).waitFor()

async function signOut(page: Page): Promise<void> {
  await page.goto('/account')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await heading(page, 'Sign in')
}

// carts: optional
/** Makes the server's cart fail, so that changes stay in this browser. */
async function cutOffCarts(context: BrowserContext): Promise<() => Promise<void>> {
  await context.route(/\/cart(\/|$)/, (route) => route.abort())
  return () => context.unroute(/\/cart(\/|$)/)
}
// /carts

it('what one customer has left in the browser is not in the cart of the next one, and is there again for the first', async () => {
  const page = await visitor()
  browser.expectFaults(/Failed to fetch/, /ERR_FAILED/) // carts: optional line
  const ada = await register(page)
  const mend = await cutOffCarts(page.context()) // carts: optional line
  await addToCart(page, mug)
  await page.getByText('Kept in this browser until your cart answers again.').waitFor() // carts: optional line
  await signOut(page)
  await pieces(page, 0)
  await mend() // carts: optional line

  await register(page)
  await page.goto('/shop/cart')
  await heading(page, 'Your cart')
  await page.getByText('It is still empty').waitFor()
  await addToCart(page, lamp)
  await pieces(page, 1)
  await signOut(page)

  await signIn(page, ada)
  await pieces(page, 1)
  await handedOver(page) // carts: optional line
  await page.goto('/shop/cart')
  await page.getByRole('link', { name: /^Enamel mug/ }).waitFor()
})

it('a guest’s cart goes to the first customer who signs in, and to none after', async () => {
  const page = await visitor()
  browser.expectFaults(/Failed to fetch/, /ERR_FAILED/) // carts: optional line
  await addToCart(page, mug)
  const mend = await cutOffCarts(page.context()) // carts: optional line
  await register(page)
  await pieces(page, 1)
  await signOut(page)
  await pieces(page, 0)
  await mend() // carts: optional line
  await register(page)
  await pieces(page, 0)
  await page.goto('/shop/cart')
  await page.getByText('It is still empty').waitFor()
})

it('what was typed, and whose account is shown, does not outlive a change of user in another tab', async () => {
  const page = await visitor()
  // suspends storage events in a tab, to simulate a sleeping tab
  await page.addInitScript(`addEventListener('storage', (event) => {
    if (globalThis.asleep) event.stopImmediatePropagation()
  }, true)`)
  const ada = await register(page, { ...newAccount(), name: 'Ada Lovelace' })
  const name = page.getByRole('form', { name: 'Name' }).getByRole('textbox')
  const shows = (value: string) =>
    expect.poll(() => name.inputValue(), { timeout: 15_000 }).toBe(value)
  await page.goto('/account/profile')
  await name.fill('typed by Ada, not saved')

  const other = await page.context().newPage()
  await signOut(other)
  await heading(page, 'Sign in')
  await register(other, { ...newAccount(), name: 'Grace Hopper' })
  await shows('Grace Hopper')

  await name.fill('typed by Grace, not saved')
  await page.evaluate('globalThis.asleep = true')
  await signOut(other)
  await signIn(other, ada)
  await page.evaluate(
    `globalThis.asleep = false; dispatchEvent(new StorageEvent('storage', { key: 'sidecart.session' }))`,
  )
  await shows('Ada Lovelace')
})

it('nothing about a person is left in the browser’s storage after signing out', async () => {
  const page = await visitor()
  const account = await register(page, { ...newAccount(), name: 'Ada Lovelace' })
  await addToCart(page, mug)
  await handedOver(page) // carts: optional line
  await signOut(page)
  const stored = await page.evaluate(() =>
    JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
  )
  for (const personal of [account.email, account.name, account.password, 'eyJ'])
    expect(stored).not.toContain(personal)
})

it('after signing in a visitor goes on within the shop, wherever the link wanted to lead', async () => {
  for (const next of ['//evil.test/x', '/\\evil.test', '/.//evil.test', 'https://evil.test']) {
    const page = await visitor()
    await page.goto(`/register?next=${encodeURIComponent(next)}`)
    await register(page)
    await heading(page, 'Orders')
    expect(new URL(page.url()).pathname, next).toBe('/account/orders')
  }
})

it('a time is shown with its day where that is not today for who looks', async () => {
  const page = await visitor({ timezoneId: 'Asia/Tokyo' })
  await register(page)
  await addToCart(page, mug)
  await checkOut(page)
  await heading(page, 'Thank you! It is yours')
  const steps = page.getByRole('group').filter({ hasText: 'Step by step' })
  const first = steps.locator('time').first()
  await page.getByText('Step by step').click()
  await first.waitFor()
  const at = new Date((await first.getAttribute('datetime')) ?? '')
  const clock = (timeStyle: 'medium') =>
    new Intl.DateTimeFormat('en-IE', { timeStyle, timeZone: 'Asia/Tokyo' }).format(at)
  expect(await first.textContent()).toBe(clock('medium'))

  const later = await page.context().newPage()
  await later.clock.setFixedTime(at.getTime() + 86_400_000)
  await later.goto(page.url())
  await later.getByText('Step by step').click()
  await expect
    .poll(() => later.locator('details time').first().textContent(), { timeout: 15_000 })
    .toMatch(new RegExp(`^\\d+ \\w+ \\d{4},? ${clock('medium')}$`))
})
