import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { until } from '../support/until.ts'
import { gateway, root } from '../system/client.ts'
import { launch } from './chromium.ts'
import { ownPages, publicPages, type ShopPage } from './pages.ts'
import openShop from './set-up.ts'
import { wear } from './visitor.ts'

/*
 * `npm run screenshots`: every page, in light and dark, some also on a telephone, as pictures for the documentation. Fonts
 * are those of the machine.
 */
/** Every picture that can be seen has arrived. */
const drawn = `[...document.images].every((image) =>
  image.complete || image.getBoundingClientRect().top > innerHeight)`
const folder = join(root, 'docs/images/shop')
const telephone = { width: 390, height: 844 }
const onTelephone = ['home', 'list', 'product', 'basket', 'order']
const desk = { width: 1280, height: 860 }

const closeShop = await openShop()
const browser = await launch()
try {
  const options = { baseURL: gateway, viewport: desk, reducedMotion: 'reduce' } as const
  const guest = await browser.newPage(options)
  const page = await browser.newPage(options)
  const own = await ownPages(page)
  for (const one of publicPages) await shoot(guest, one)
  for (const one of own) await shoot(page, one)
} finally {
  await browser.close()
  await closeShop()
}

async function shoot(page: Page, { name, path, ready }: ShopPage): Promise<void> {
  await page.goto(path)
  await ready(page)
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme)
    await picture(page, `${name}-${colorScheme}`)
  }
  if (!onTelephone.includes(name)) return
  await page.setViewportSize(telephone)
  await picture(page, `${name}-telephone`)
  await page.setViewportSize(desk)
}

async function picture(page: Page, name: string): Promise<void> {
  await until(`the pictures of ${name} are drawn`, async () => page.evaluate(drawn))
  await page.screenshot({ path: join(folder, `${name}.jpg`), type: 'jpeg', quality: 84 })
  console.log(name)
}
