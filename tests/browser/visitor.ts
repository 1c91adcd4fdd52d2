import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '@sidecart/testing/until.ts'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { gateway, secrets } from '../system/client.ts'
import { launch } from './chromium.ts'

const patienceMs = 20_000

/** Closes a context. Requests delayed by a test may still be pending; their errors are ignored. */
async function closeContext(context: BrowserContext): Promise<void> {
  const behavior = 'ignoreErrors'
  await Promise.all(context.pages().map((page) => page.unrouteAll({ behavior })))
  await context.unrouteAll({ behavior })
  await context.close()
}

/**
 * Starts a browser for the tests of one file. Each visitor has separate cookies and storage. After
 * each test, asserts that there was no request to another host, no script error, and no unexpected
 * error response.
 *
 * @param site origin of the shop, as seen by the browser
 */
export function useBrowser(site = gateway, chromiumArguments: readonly string[] = []) {
  let browser: Browser
  let faults: string[] = []
  let expected: RegExp[] = []

  beforeAll(async () => {
    browser = await launch(chromiumArguments)
  })
  afterAll(() => browser.close())
  afterEach(async ({ task }) => {
    const [error] = task.result?.errors ?? []
    if (error) error.message += await seenIn(browser, faults)
    await Promise.all(browser.contexts().map(closeContext))
    const unexpected = faults.filter((fault) => !expected.some((pattern) => pattern.test(fault)))
    faults = []
    expected = []
    expect(unexpected).toEqual([])
  })

  return {
    /** Opens a page for a first-time visitor. */
    async visitor(options: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext({
        baseURL: site,
        ignoreHTTPSErrors: site.startsWith('https:'),
        ...options,
      })
      context.setDefaultTimeout(patienceMs)
      context.on('page', (page) => watch(page, site, (fault) => faults.push(fault)))
      return context.newPage()
    },
    /** Declares the errors expected by the test. */
    expectFaults(...patterns: RegExp[]): void {
      expected = patterns
    },
  }
}

/**
 * Returns the pages shown when a test failed, as accessibility snapshots, and the faults recorded
 * before.
 */
async function seenIn(browser: Browser, faults: readonly string[]): Promise<string> {
  const pages = browser.contexts().flatMap((context) => context.pages())
  const shown = pages.map(async (page) => {
    const main = page.getByRole('main')
    return `\n\n${page.url()}\n${await main.ariaSnapshot({ timeout: 2_000 }).catch(String)}`
  })
  return `${(await Promise.all(shown)).join('')}\n\n${faults.join('\n')}\n`
}

function watch(page: Page, site: string, report: (fault: string) => void): void {
  page.on('request', (request) => {
    if (!request.url().startsWith(site) && !request.url().startsWith('data:'))
      report(`asked elsewhere: ${request.url()}`)
  })
  page.on('response', (answer) => {
    if (answer.status() >= 400)
      report(`${answer.status()} ${answer.request().method()} ${answer.url()}`)
  })
  page.on('pageerror', (error) => report(`script: ${error.message}`))
  page.on('console', (message) => {
    const isAnswer = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !isAnswer) report(`console: ${message.text()}`)
  })
}

export type Account = { name: string; email: string; password: string }

export const newAccount = (): Account => ({
  name: 'Ada Shopper',
  email: `${randomUUID()}@example.com`,
  password: randomUUID(),
})

/** Fills in and submits the registration form, on the current page or at `/register`. */
export async function register(page: Page, account: Account = newAccount()): Promise<Account> {
  if (!page.url().includes('/register')) await page.goto('/register')
  await page.getByLabel('Name').fill(account.name)
  await page.getByLabel('E-mail').fill(account.email)
  await page.getByLabel('Password').fill(account.password)
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByRole('banner').getByRole('link', { name: 'Your account' }).waitFor()
  return account
}

export async function signIn(page: Page, { email, password }: Account): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await heading(page, 'Orders')
}

/** Fills in and submits the sign-in form on the current page, for one of the seeded accounts. */
export async function signInHere(page: Page, who: 'demo' | 'operator'): Promise<void> {
  await page.getByLabel('E-mail').fill(`${who}@sidecart.example`)
  await page.getByLabel('Password').fill(secrets()[`${who}-password`] ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Signs in with the seeded operator account and opens the console. */
export async function signInAsOperator(page: Page): Promise<void> {
  await page.goto('/ops')
  await signInHere(page, 'operator')
  await heading(page, 'The shop, now')
}

export async function addToCart(page: Page, sku: string): Promise<void> {
  await page.goto(`/item/${sku}`)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByText('is in your cart').waitFor()
}

// carts: optional
/**
 * Waits until the server has stored the whole local cart, for example after leaving a page early.
 */
export const handedOver = (page: Page): Promise<unknown> =>
  page.waitForFunction(() =>
    Object.keys(localStorage).every((key) => !key.startsWith('sidecart.cart')),
  )
// /carts

/** Delays matching requests by one second. */
export const late = (page: Page, method: string, url: RegExp): Promise<unknown> =>
  page.route(url, async (route) => {
    if (route.request().method() === method) await pause(1_000)
    await route.continue()
  })

/** Waits for the heading of a page. */
export const heading = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('heading', { level: 1, name }).waitFor()

export async function fillAddress(page: Page): Promise<void> {
  await page.getByLabel('Full name').fill('Ada Shopper')
  await page.getByLabel('Street and number').fill('Harbour Road 1')
  await page.getByLabel('Postal code').fill('20457')
  await page.getByLabel('City').fill('Hamburg')
}

/** Orders the content of the cart; fills in the address of a new customer. */
export async function checkOut(
  page: Page,
  card: string | RegExp = 'Card that works',
): Promise<void> {
  await page.goto('/checkout')
  await page.getByRole('heading', { name: 'Send to' }).waitFor()
  if (await page.getByLabel('Full name').isVisible()) await fillAddress(page)
  await page.getByLabel(card).check()
  await page.getByRole('button', { name: /^Order and pay/ }).click()
}

/** Switches between light and dark, and waits for the page to change. */
export async function wear(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme })
  const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
  const isDark = async () => Number(/\d+/.exec(String(await ground()))) < 128
  await until(
    `the page is ${colorScheme}`,
    async () => (await isDark()) === (colorScheme === 'dark'),
  )
  await drawn(page)
}

/** Waits until the page is laid out and painted. */
export const drawn = (page: Page): Promise<unknown> =>
  page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))',
  )
