import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '@sidecart/testing/until.ts'
import type { Page } from 'playwright-core'
import { gateway, newCustomer, operator as operatorOf, root } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'
import { launch } from './chromium.ts'
// notifications: optional
// /notifications
import { deadLetters, hourOfSales, parkedOrder } from './fixtures.ts'
import { opsPages, ownPages, publicPages, type ShopPage } from './pages.ts'
import openShop from './set-up.ts'
import { signInAsOperator, wear } from './visitor.ts'

/* `npm run screenshots`: takes pictures of every page for the documentation, in light and dark,
   some also at the width of a telephone. Fonts are those installed on the machine. */
/** Whether every visible image has loaded. */
const pictured = `[...document.images].every((image) =>
  image.complete || image.getBoundingClientRect().top > innerHeight)`
const images = join(root, 'docs/images')
const telephone = { width: 390, height: 844 }
const onTelephone = ['home', 'list', 'product', 'cart', 'order', 'story']
const desk = { width: 1280, height: 860 }

/** A violated invariant: a mail is missing because of a dead letter. */
const violated: ShopPage = {
  name: 'violated',
  path: '/ops/invariants',
  async ready(page) {
    await page.getByRole('button', { name: 'Check now' }).click()
    await page.getByText(/are violated\.$/).waitFor()
  },
}

const closeShop = await openShop()
const browser = await launch()
try {
  const options = { baseURL: gateway, viewport: desk, reducedMotion: 'reduce' } as const
  const [guest, shopper, operator] = await Promise.all(
    [1, 2, 3].map(() => browser.newPage(options)),
  )
  if (!guest || !shopper || !operator) throw new Error('three pages were asked for')
  await shootAll(guest, 'shop', publicPages)
  await shootAll(shopper, 'shop', await ownPages(shopper))
  await signInAsOperator(operator)
  await hourOfSales(await newCustomer())
  const pages = await opsPages()
  await invariantsHold()
  const troubled = ['orders', 'letters']
  await shootAll(
    operator,
    'operations',
    pages.filter(({ name }) => !troubled.includes(name)),
  )
  const tidy = await troubles()
  await shootAll(operator, 'operations', [
    ...pages.filter(({ name }) => troubled.includes(name)),
    violated,
  ])
  await tidy()
  writeIndex()
} finally {
  await browser.close()
  await closeShop()
}

/** Waits until the console's last check found an idle shop without violations. */
async function invariantsHold(): Promise<void> {
  const { ask } = await operatorOf()
  await until(
    'the invariants hold',
    async () => {
      const { body } = await ask('POST', '/operations/invariants')
      return (body.last as { ok: boolean } | undefined)?.ok
    },
    60_000,
  )
}

/** Creates a parked order and dead letters. Returns a function repairing both. */
async function troubles(): Promise<() => Promise<void>> {
  const customer = await newCustomer()
  const parked = await parkedOrder(customer)
  // notifications: optional
  const { mend } = await deadLetters(customer)
  // /notifications
  return async () => {
    await (await operatorOf()).ask('POST', `/orders/${parked}/resume`)
    // notifications: optional
    await mend()
    await sidecart('dead-letters', 'replay', '--all')
    // /notifications
  }
}

/** Writes a page with all pictures. */
function writeIndex(): void {
  const folders = ['shop', 'operations']
  const sections = folders.map((folder) => {
    const names = readdirSync(join(images, folder)).filter((name) => name.endsWith('.jpg'))
    const shown = names.map((name) => `![${name.replace('.jpg', '')}](${folder}/${name})`)
    return `## ${folder}\n\n${shown.join('\n')}\n`
  })
  const head =
    '# Every page\n\nIn light and dark, some on a telephone; written by `npm run screenshots`.\n'
  writeFileSync(join(images, 'README.md'), [head, ...sections].join('\n'))
}

async function shootAll(page: Page, folder: string, pages: readonly ShopPage[]): Promise<void> {
  mkdirSync(join(images, folder), { recursive: true })
  for (const one of pages) await shoot(page, folder, one)
}

async function shoot(page: Page, folder: string, { name, path, ready }: ShopPage): Promise<void> {
  await page.goto(path)
  await ready(page)
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme)
    await picture(page, join(folder, `${name}-${colorScheme}`))
  }
  if (!onTelephone.includes(name)) return
  await page.setViewportSize(telephone)
  await picture(page, join(folder, `${name}-telephone`))
  await page.setViewportSize(desk)
}

async function picture(page: Page, name: string): Promise<void> {
  await until(`the pictures of ${name} are drawn`, async () => page.evaluate(pictured))
  await page.screenshot({ path: join(images, `${name}.jpg`), type: 'jpeg', quality: 80 })
  console.log(name)
}
