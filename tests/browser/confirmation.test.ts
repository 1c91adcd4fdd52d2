// notifications: optional file
import { awaitToken, mailsFor } from '@sidecart/client/mail-catcher.ts'
import { until } from '@sidecart/testing/until.ts'
import { expect, it } from 'vitest'
import { confirmEmail, gateway, inbox } from '../system/client.ts'
import { heading, register, signIn, useBrowser } from './visitor.ts'

const { visitor, expectFaults } = useBrowser()
const asked = 'Confirm your e-mail.'
const button = 'Confirm the address'

it('a new account is asked to confirm its e-mail, and the link in the mail does', async () => {
  const page = await visitor()
  const { email } = await register(page)
  await page.getByText(asked).waitFor()
  await page.getByText(`Open the link that we sent to ${email}`).waitFor()
  const elsewhere = await visitor()
  await elsewhere.goto(`/confirm#${await awaitToken(inbox, email)}`)
  await elsewhere.getByRole('button', { name: button }).click()
  await elsewhere.getByText(`${email} is confirmed.`).waitFor()
  await page.reload()
  await heading(page, 'Orders')
  await page.getByText(asked).waitFor({ state: 'hidden' })
})

it('the link confirms nothing until the button is pressed, and its token reaches no server before', async () => {
  const page = await visitor()
  const { email } = await register(page)
  const token = await awaitToken(inbox, email)
  const answer = await fetch(`${gateway}/confirm`, { headers: { accept: 'text/html' } })
  expect(answer.status).toBe(200)
  const scanner = await visitor()
  const requests: string[] = []
  scanner.on('request', (request) => {
    requests.push(`${request.url().split('#')[0]} ${JSON.stringify(request.headers())}`)
  })
  await scanner.goto(`/confirm#${token}`)
  await scanner.getByRole('button', { name: button }).waitFor()
  expect(requests.join()).not.toContain(token)
  await page.reload()
  await page.getByText(asked).waitFor()
  await scanner.getByRole('button', { name: button }).click()
  await scanner.getByText(`${email} is confirmed.`).waitFor()
})

it('the mail is sent again, and a link that was used says so', async () => {
  const page = await visitor()
  expectFaults(/^410 POST .*\/confirmations$/)
  const { email } = await register(page)
  const token = await awaitToken(inbox, email)
  await page.getByRole('button', { name: 'Send it again' }).click()
  await page.getByText('The mail is on its way again.').waitFor()
  await until('the second mail', async () => (await mailsFor(inbox, email)).length === 2)
  await confirmEmail(email)
  await page.goto(`/confirm#${token}`)
  await page.getByRole('button', { name: button }).click()
  await page.getByRole('alert').getByText('This link was used, replaced').waitFor()
})

it('a link without its token says what to do', async () => {
  const page = await visitor()
  await page.goto('/confirm')
  await page.getByText('This link is not complete.').waitFor()
  expect(await page.getByRole('button', { name: button }).count()).toBe(0)
})

it('another e-mail waits for its confirmation, and can be called off', async () => {
  const page = await visitor()
  const account = await register(page)
  await confirmEmail(account.email)
  const next = `next-${account.email}`
  await page.goto('/account/profile')
  const form = page.getByRole('form', { name: 'E-mail' })
  const change = async (email: string) => {
    await form.getByRole('textbox', { name: 'E-mail' }).fill(email)
    await form.getByLabel('Current password').fill(account.password)
    await form.getByRole('button', { name: 'Save the e-mail' }).click()
  }
  await change(next)
  await form.getByText(`${next} waits for its confirmation.`).waitFor()
  await change(account.email)
  await form.getByText('waits for its confirmation').waitFor({ state: 'hidden' })
  const last = `last-${account.email}`
  await change(last)
  await form.getByText(`${last} waits for its confirmation.`).waitFor()
  await confirmEmail(last)
  await page.reload()
  await form.getByRole('textbox', { name: 'E-mail' }).waitFor()
  expect(await form.getByRole('textbox', { name: 'E-mail' }).inputValue()).toBe(last)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await heading(page, 'Sign in')
  await signIn(page, { ...account, email: last })
})
