import { Secret, TOTP } from 'otpauth'
import { expect, it } from 'vitest'
import { register, useBrowser } from './visitor.ts'

const { visitor, expectFaults } = useBrowser()
/** Returns the code that an app shows in the step after this one, which was not used yet. */
const next = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({
    timestamp: Date.now() + steps * 30_000,
  })

it('an authenticator app is set up, asked for at sign-in and for another password, and turned off with a recovery code', async () => {
  const page = await visitor()
  expectFaults(/^(401|403) POST .*\/(sessions|password)$/)
  const { email, password } = await register(page)
  await page.goto('/account/profile')
  const section = page.getByRole('region', { name: 'Second factor' })
  await section.getByLabel('Current password').fill(password)
  await section.getByRole('button', { name: 'Set up an app' }).click()
  await section.getByRole('img', { name: 'QR code of the secret' }).waitFor()
  const secret = (await section.locator('code').textContent())?.replaceAll(' ', '') ?? ''
  await section.getByLabel('Code', { exact: true }).fill(next(secret))
  await section.getByRole('button', { name: 'Turn it on' }).click()
  await section.getByText('Recovery codes left: 10').waitFor()
  const codes = await section.getByRole('list', { name: 'Recovery codes' }).locator('code').all()
  expect(codes).toHaveLength(10)
  const recoveryCode = (await codes[0]?.textContent()) ?? ''
  const other = (await codes[1]?.textContent()) ?? ''
  await page.getByRole('button', { name: 'Sign out' }).click()

  await page.goto('/sign-in?next=/account/profile')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Code', { exact: true }).fill('000 000')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('The code is wrong').waitFor()
  await page.getByLabel('Code', { exact: true }).fill(next(secret, 1))
  await page.getByRole('button', { name: 'Sign in' }).click()

  const form = page.getByRole('form', { name: 'Password' })
  await form.getByLabel('Current password').fill(password)
  await form.getByLabel('Code', { exact: true }).fill('000000')
  await form.getByLabel('New password').fill('three brass lamps, unlit')
  await form.getByRole('button', { name: 'Change the password' }).click()
  await form.getByRole('alert').getByText('The code is wrong').waitFor()
  await form.getByLabel('Code', { exact: true }).fill(other)
  await form.getByRole('button', { name: 'Change the password' }).click()
  await page.getByText('Password changed.').waitFor()
  await page.reload()

  await section.getByText('Recovery codes left: 9').waitFor()
  await section.getByLabel('Current password').fill('three brass lamps, unlit')
  await section.getByLabel('Code', { exact: true }).fill(recoveryCode.toLowerCase())
  await section.getByRole('button', { name: 'Turn it off' }).click()
  await section.getByText('Off: signing in takes the password only.').waitFor()
})
