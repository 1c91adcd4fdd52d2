import { until } from '@sidecart/testing/until.ts'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { heading, register, signIn, useBrowser } from './visitor.ts'

const { visitor, expectFaults } = useBrowser()

const sessionsOf = (page: Page) => page.getByRole('form', { name: 'Where you are signed in' })

async function signOutOf(page: Page, which: RegExp, password: string): Promise<void> {
  const form = sessionsOf(page)
  await form.getByRole('radio', { name: which }).check()
  await form.getByLabel('Current password').fill(password)
  await form.getByRole('button', { name: 'End sessions' }).click()
}

it('another browser is signed out with the password, at once, and then every one', async () => {
  expectFaults(
    /^401 GET .*\/(users\/me|orders|notifications).*$/,
    /^401 POST .*\/sessions\/refresh$/,
    /^403 POST .*\/revocation$/,
  )
  const mine = await visitor()
  const account = await register(mine)
  const lost = await visitor()
  await signIn(lost, account)
  await mine.goto('/account/profile')

  await signOutOf(mine, /^Another one/, 'a guess of a thief')
  await sessionsOf(mine).getByRole('alert').getByText('Send the current password').waitFor()
  await lost.reload()
  await heading(lost, 'Orders')

  await signOutOf(mine, /^Another one/, account.password)
  await mine.getByText('Signed out there.').waitFor()
  await expect
    .poll(() =>
      sessionsOf(mine)
        .getByRole('radio', { name: /^Another one/ })
        .count(),
    )
    .toBe(0)
  await until('the other browser is signed out', async () => {
    await lost
      .getByRole('link', { name: 'Profile' })
      .click()
      .catch(() => {})
    await lost.goto('/account/orders')
    return lost.getByRole('button', { name: 'Sign in' }).isVisible()
  })

  await signOutOf(mine, /Everywhere/, account.password)
  await mine.getByRole('button', { name: 'Sign in' }).waitFor()
})
