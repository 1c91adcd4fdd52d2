// notifications: optional file
import { awaitToken } from '@sidecart/client/mail-catcher.ts'
import { until } from '@sidecart/testing/until.ts'
import { expect, it } from 'vitest'
import { confirmEmail, inbox, mailsTo } from '../system/client.ts'
import { heading, register, signIn, useBrowser } from './visitor.ts'

const { visitor, expectFaults } = useBrowser()

it('a forgotten password is replaced with the link of a mail, once; other devices are signed out', async () => {
  expectFaults(/^401 POST .*\/sessions/, /^(410|422) POST .*\/redemption$/)
  const elsewhere = await visitor()
  const account = await register(elsewhere)
  await confirmEmail(account.email)

  const page = await visitor()
  await page.goto('/sign-in')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await heading(page, 'Forgot your password?')
  await page.getByLabel('E-mail').fill(account.email)
  await page.getByRole('button', { name: 'Send the link' }).click()
  await page.getByText('a mail is on its way').waitFor()

  const token = await awaitToken(inbox, account.email, 60_000, 'reset-password')
  const requests: string[] = []
  page.on('request', (request) => {
    requests.push(`${request.url().split('#')[0]} ${JSON.stringify(request.headers())}`)
  })
  await page.goto(`/reset-password#${token}`)
  const reset = async (password: string) => {
    await page.getByLabel('New password').fill(password)
    await page.getByRole('button', { name: 'Set the password' }).click()
  }
  await reset('1234567890')
  await page.getByRole('alert').getByText('Many people use this password').waitFor()
  expect(requests.join()).not.toContain(token)
  const password = 'three brass lamps, unlit'
  await reset(password)
  await page.getByText('every device is signed out').waitFor()

  await elsewhere.reload()
  await heading(elsewhere, 'Sign in')
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click()
  await signIn(page, { ...account, password })
  await heading(page, 'Orders')
  await until('the owner is told', async () =>
    (await mailsTo(account.email)).includes('Your password was changed'),
  )

  await page.goto(`/reset-password#${token}`)
  await page.reload()
  await reset('four brass lamps, unlit')
  await page.getByRole('alert').getByText('This link was used, replaced').waitFor()
  await page.getByRole('link', { name: 'Have a new one sent' }).waitFor()
})

it('nobody is told whether an account exists', async () => {
  const page = await visitor()
  await page.goto('/forgot-password')
  await page.getByLabel('E-mail').fill('nobody-at-all@example.com')
  await page.getByRole('button', { name: 'Send the link' }).click()
  await page.getByText('If an account has confirmed nobody-at-all@example.com').waitFor()
})
