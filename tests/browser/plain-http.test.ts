import { expect, it } from 'vitest'
import { directGateway } from '../system/client.ts'
import { addToCart, checkOut, heading, register, useBrowser } from './visitor.ts'

// a name other than localhost without TLS is no secure context in a browser
const { port } = new URL(directGateway)
const site = `http://shop.test:${port}`
const { visitor, expectFaults } = useBrowser(site, [
  '--host-resolver-rules=MAP shop.test 127.0.0.1',
])
/** Chromium reports headers ignored without TLS. */
const ignoredHeader = /^console: The Cross-Origin-Opener-Policy header has been ignored/

it('at a name without TLS somebody registers, buys, reloads, and stays signed in', async () => {
  const page = await visitor()
  expectFaults(ignoredHeader)
  await page.goto('/')
  expect(await page.evaluate('isSecureContext')).toBe(false)
  await register(page)
  await addToCart(page, 'MUG-ENAMEL-BLUE')
  await checkOut(page)
  await heading(page, 'Thank you! It is yours')
  await page.reload()
  await heading(page, 'Thank you! It is yours')
  await page.goto('/account/profile')
  await page.getByRole('button', { name: 'Save the name' }).click()
  await page.getByText('Saved').waitFor()
})

it('at a name without TLS two tabs keep one session', async () => {
  const page = await visitor()
  expectFaults(ignoredHeader)
  await register(page)
  const other = await page.context().newPage()
  await Promise.all([page.goto('/account/profile'), other.goto('/account/addresses')])
  await page.getByRole('button', { name: 'Save the name' }).waitFor()
  await heading(other, 'Addresses')
  await page.reload()
  await page.getByRole('button', { name: 'Save the name' }).waitFor()
})
