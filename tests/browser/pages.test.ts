import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { ownPages, publicPages, type ShopPage } from './pages.ts'
import { drawn, useBrowser, wear } from './visitor.ts'

const { visitor, expectFaults } = useBrowser()
const narrow = 360

/** Nothing that axe finds, in light and in dark, and nothing that sticks out of a narrow screen. */
async function flawsOf(page: Page, { name, path, ready }: ShopPage): Promise<string[]> {
  await page.goto(path)
  await ready(page)
  const flaws: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme)
    const { violations } = await new AxeBuilder({ page }).analyze()
    for (const { id, nodes } of violations)
      for (const { target, failureSummary } of nodes)
        flaws.push(`${name}, ${colorScheme}: ${id} at ${target.join(' ')}: ${failureSummary}`)
  }
  const wide = page.viewportSize() ?? { width: 0, height: 0 }
  await page.setViewportSize({ ...wide, width: narrow })
  await drawn(page)
  const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
  if (width > narrow) flaws.push(`${name}: ${width} px wide on ${narrow}`)
  await page.setViewportSize(wide)
  return flaws
}

async function flawsOfAll(page: Page, pages: readonly ShopPage[]): Promise<string[]> {
  const flaws: string[] = []
  for (const one of pages) flaws.push(...(await flawsOf(page, one)))
  return flaws
}

const still = { reducedMotion: 'reduce' } as const

it('the pages that everybody sees can be used by everybody', async () => {
  expect(await flawsOfAll(await visitor(still), publicPages)).toEqual([])
})

it('so can the pages that only their owner sees, and the dialog', async () => {
  const page = await visitor(still)
  const pages = await ownPages(page)
  expect(await flawsOfAll(page, pages)).toEqual([])
  await page.goto(pages.find(({ name }) => name === 'order')?.path ?? '')
  await page.getByRole('button', { name: 'Ask for a refund' }).click()
  await page.getByRole('dialog').waitFor()
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
})

it('so can a form that was refused', async () => {
  const page = await visitor(still)
  await page.goto('/sign-in')
  await page.getByRole('button', { name: 'Sign in' }).click()
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  expectFaults(/^401 /)
  await page.getByLabel('E-mail').fill('nobody@example.com')
  await page.getByLabel('Password').fill('nothing')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
})
