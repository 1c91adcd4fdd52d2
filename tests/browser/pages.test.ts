import { expect, it } from 'vitest'
import { axeOn, violationsOnAll } from './accessibility.ts'
import { opsPages, ownPages, publicPages } from './pages.ts'
import { signInAsOperator, useBrowser } from './visitor.ts'

const { visitor, expectFaults } = useBrowser()
const still = { reducedMotion: 'reduce' } as const

it('the pages that everybody sees can be used by everybody', async () => {
  expect(await violationsOnAll(await visitor(still), publicPages)).toEqual([])
})

it('so can the pages that only their owner sees, and the dialog', async () => {
  const page = await visitor(still)
  const pages = await ownPages(page)
  expect(await violationsOnAll(page, pages)).toEqual([])
  await page.goto(pages.find(({ name }) => name === 'order')?.path ?? '')
  await page.getByRole('button', { name: 'Ask for a refund' }).click()
  await page.getByRole('dialog').waitFor()
  expect((await axeOn(page).analyze()).violations).toEqual([])
})

it('so can the operations console', async () => {
  const page = await visitor(still)
  await signInAsOperator(page)
  expect(await violationsOnAll(page, await opsPages())).toEqual([])
})

it('so can a form that was refused', async () => {
  const page = await visitor(still)
  await page.goto('/sign-in')
  await page.getByRole('button', { name: 'Sign in' }).click()
  expect((await axeOn(page).analyze()).violations).toEqual([])
  expectFaults(/^401 /)
  await page.getByLabel('E-mail').fill('nobody@example.com')
  await page.getByLabel('Password').fill('nothing')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
  expect((await axeOn(page).analyze()).violations).toEqual([])
})
