import type { Locator, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { heading, newAccount, signInAsOperator, useBrowser } from './visitor.ts'

const { visitor } = useBrowser()
const most = 150

/** Runs in the browser: whether the focused element shows a focus ring and is not fully covered. */
const focusIsSeen = `(() => {
  const element = document.activeElement
  const { left, top, width, height } = element.getBoundingClientRect()
  const own = [element, element.closest('label')].filter(Boolean)
  const shares = [0.1, 0.5, 0.9]
  const hits = shares.flatMap((x) =>
    shares.map((y) => document.elementFromPoint(left + width * x, top + height * y)))
  const isRinged = (one) =>
    [null, '::after'].some((part) => getComputedStyle(one, part).outlineStyle !== 'none')
  return hits.some((hit) => own.some((one) => one.contains(hit))) && own.some(isRinged)
})()`

/** Presses Tab until `wanted` has the focus. Every focused element on the way must be visible. */
async function tabTo(page: Page, wanted: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await wanted.first().waitFor()
  for (let pressed = 0; pressed < most; pressed++) {
    await page.keyboard.press(key)
    const focused = page.locator(':focus')
    if ((await focused.count()) === 0) continue
    const what = String(await page.evaluate('document.activeElement.outerHTML'))
    expect(await page.evaluate(focusIsSeen), what).toBe(true)
    if ((await wanted.and(focused).count()) > 0) return
  }
  throw new Error(`the focus never came to ${wanted}`)
}

async function press(page: Page, wanted: Locator, key = 'Enter'): Promise<void> {
  await tabTo(page, wanted)
  await page.keyboard.press(key)
}

async function type(page: Page, label: string, text: string): Promise<void> {
  await tabTo(page, page.getByLabel(label, { exact: true }))
  await page.keyboard.type(text)
}

it('somebody with a keyboard only finds, buys, and thinks about giving it back', async () => {
  const page = await visitor()
  await page.goto('/')
  await page.getByRole('article').first().waitFor()
  await press(page, page.getByRole('link', { name: 'Skip to the content' }))
  await tabTo(page, page.getByRole('searchbox'), 'Shift+Tab')
  await page.keyboard.type('enamel mug')
  await page.keyboard.press('Enter')
  await heading(page, '“enamel mug”')
  await press(page, page.getByLabel('Only what is in stock').locator('visible=true'), 'Space')
  await press(page, page.getByRole('link', { name: 'Enamel mug, harbour blue' }))
  await heading(page, 'Enamel mug, harbour blue')
  await press(page, page.getByRole('button', { name: 'Add to cart' }))
  await page.getByText('is in your cart').waitFor()
  await tabTo(page, page.getByRole('link', { name: 'Cart, 1 piece' }), 'Shift+Tab')
  await page.keyboard.press('Enter')
  await heading(page, 'Your cart')
  await press(page, page.getByRole('button', { name: /more$/ }), 'Space')
  await press(page, page.getByRole('link', { name: 'Sign in and check out' }))
  await press(page, page.getByRole('link', { name: 'Create an account' }))

  const { name, email, password } = newAccount()
  await type(page, 'Name', name)
  await type(page, 'E-mail', email)
  await type(page, 'Password', password)
  await page.keyboard.press('Enter')

  await heading(page, 'Checkout')
  await type(page, 'Full name', name)
  await type(page, 'Street and number', 'Harbour Road 1')
  await type(page, 'Postal code', '20457')
  await type(page, 'City', 'Hamburg')
  await press(page, page.getByLabel('Card that works'), 'ArrowDown')
  await page.keyboard.press('ArrowUp')
  await press(page, page.getByRole('button', { name: /^Order and pay/ }))
  await heading(page, 'Thank you! It is yours')

  const refund = page.getByRole('button', { name: 'Ask for a refund' })
  await press(page, refund)
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await refund.and(page.locator(':focus')).waitFor()
})

it('an operator with a keyboard only reads the map and an order’s story', async () => {
  const page = await visitor()
  await signInAsOperator(page)
  await press(page, page.getByRole('button', { name: /^orders up/ }))
  await page.getByRole('heading', { name: 'May be called by' }).waitFor()
  await tabTo(
    page,
    page.getByRole('navigation', { name: 'Operations' }).getByRole('link', { name: 'Orders' }),
    'Shift+Tab',
  )
  await page.keyboard.press('Enter')
  await heading(page, 'Orders')
  await press(page, page.getByRole('row', { name: /Confirmed/ }).getByRole('link'))
  await heading(page, 'An order’s story')
  await tabTo(page, page.getByRole('region', { name: 'What happened' }))
})
