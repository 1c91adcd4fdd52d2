import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import type { ShopPage } from './pages.ts'
import { drawn, wear } from './visitor.ts'

const narrow = 360

/**
 * Returns axe for a page without frames, as all of the shop are (their policy forbids frames): otherwise each analysis
 * would open a page of its own to join the results of frames.
 */
export const axeOn = (page: Page): AxeBuilder => new AxeBuilder({ page }).setLegacyMode()

/** Returns the texts that reach beyond the narrow screen. */
const textsBeyond = `[...document.querySelectorAll('body *')]
  .filter((one) => one.childElementCount === 0 && one.getBoundingClientRect().right > ${narrow})
  .map((one) => one.textContent).join(' | ')`

/** Returns the findings of axe in light and dark, and elements overflowing a narrow screen. */
async function flawsOf(page: Page, { name, path, ready }: ShopPage): Promise<string[]> {
  await page.goto(path)
  await ready(page)
  const flaws: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme)
    const axe = axeOn(page)
    // the dark theme differs in colours only
    if (colorScheme === 'dark') axe.withRules('color-contrast')
    const { violations } = await axe.analyze()
    for (const { id, nodes } of violations)
      for (const { target, failureSummary } of nodes)
        flaws.push(`${name}, ${colorScheme}: ${id} at ${target.join(' ')}: ${failureSummary}`)
  }
  const wide = page.viewportSize() ?? { width: 0, height: 0 }
  await page.setViewportSize({ ...wide, width: narrow })
  await drawn(page)
  const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
  if (width > narrow)
    flaws.push(`${name}: ${width} px wide on ${narrow}: ${await page.evaluate(textsBeyond)}`)
  await page.setViewportSize(wide)
  return flaws
}

export async function violationsOnAll(page: Page, pages: readonly ShopPage[]): Promise<string[]> {
  const flaws: string[] = []
  for (const one of pages) flaws.push(...(await flawsOf(page, one)))
  return flaws
}
