import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { confirmEmail } from '../system/client.ts'
import { sidecart } from '../system/shop.ts'
import { heading, register, useBrowser } from './visitor.ts'

const { visitor, expectFaults } = useBrowser()
const button = { name: 'Accept the invitation' }

/** Returns the path that the command prints, with the token in its fragment. */
async function invited(email: string): Promise<string> {
  const { link } = JSON.parse(await sidecart('operators', 'invite', email, '--json'))
  const { pathname, hash } = new URL(String(link))
  return pathname + hash
}

/** Accepts an invitation with a new account, and opens the console. */
async function becomesOperator(page: Page, link: string, email: string): Promise<void> {
  const password = randomUUID()
  await page.goto(link)
  await page.getByText(`${email} is invited to run this shop`).waitFor()
  await page.getByLabel('Name').fill('Olga Operator')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', button).click()
  await opensConsole(page, email, password)
}

async function opensConsole(page: Page, email: string, password: string): Promise<void> {
  await page.getByRole('link', { name: 'Sign in to the console' }).click()
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await heading(page, 'The shop, now')
}

it('somebody who is invited chooses a password, signs in and runs the shop; the link is good once', async () => {
  const page = await visitor()
  expectFaults(/^410 POST .*\/invitations\/lookup$/)
  const email = `${randomUUID()}@example.com`
  const link = await invited(email)
  await becomesOperator(page, link, email)
  const other = await visitor()
  await other.goto(link)
  await other.getByRole('alert').getByText('This link was used').waitFor()
  expect(await other.getByRole('button', button).count()).toBe(0)
})

it('a customer accepts with the password of the account, and not with another', async () => {
  const page = await visitor()
  expectFaults(/^401 POST .*\/sessions$/)
  const { email, password } = await register(page)
  // notifications: optional
  await confirmEmail(email)
  // /notifications
  await page.goto(await invited(email))
  await page.getByLabel('Password of the account').fill('a wrong password')
  await page.getByRole('button', button).click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Password of the account').fill(password)
  await page.getByRole('button', button).click()
  await opensConsole(page, email, password)
})

it('an operator whose role is taken away leaves the console when the page is loaded again', async () => {
  const page = await visitor()
  expectFaults(/^401 POST .*\/sessions\/refresh$/)
  const email = `${randomUUID()}@example.com`
  await becomesOperator(page, await invited(email), email)
  await sidecart('operators', 'revoke', email)
  await page.reload()
  await heading(page, 'Sign in')
})
