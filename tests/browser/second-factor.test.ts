import { Secret, TOTP } from 'otpauth'
import { expect, it } from 'vitest'
import { register, useBrowser } from './visitor.ts'

const { visitor, expectFaults } = useBrowser()
/** Returns the code that an app shows in the step after this one, which was not used yet. */
const next = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({
    timestamp: Date.now() + steps * 30_000,
  })

it('an authenticator app is set up, asked for at sign-in, and turned off with a recovery code', async () => {
  const page = await visitor()
  expectFaults(/^(401|403) POST .*\/(sessions|removal)$/)
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

  await section.getByText('Recovery codes left: 10').waitFor()
  await section.getByLabel('Current password').fill(password)
  await section.getByLabel('Code', { exact: true }).fill(recoveryCode.toLowerCase())
  await section.getByRole('button', { name: 'Turn it off' }).click()
  await section.getByText('Off: signing in takes the password only.').waitFor()
})
