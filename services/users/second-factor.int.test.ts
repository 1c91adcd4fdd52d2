import { testDatabase } from '@sidecart/testing/database.ts'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { password, startUsers } from './testing.ts'

let shop: Awaited<ReturnType<typeof startUsers>>
beforeAll(async () => {
  shop = await startUsers(await testDatabase('users'))
})
afterAll(() => shop.stop())
/** Each test begins in a step of its own, so that no code was used before. */
beforeEach(() => shop.wait(120))

const path = '/users/me/second-factor'
type Somebody = Awaited<ReturnType<typeof shop.somebody>>

const codeOf = (secret: string, afterSeconds = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({
    timestamp: shop.clock.now.getTime() + afterSeconds * 1000,
  })
const propose = async ({ token }: Somebody) => {
  const body = { currentPassword: password }
  return String((await shop.ask('POST', path, { token, body })).body.secret)
}
const confirm = ({ token }: Somebody, code: string) =>
  shop.ask('POST', `${path}/confirmation`, { token, body: { code } })
const signIn = (email: string, code?: string, client?: string) =>
  shop.ask('POST', '/sessions', {
    body: { email, password, ...(code && { code }) },
    ...(client && { client }),
  })

async function enrolled() {
  const person = await shop.somebody()
  const secret = await propose(person)
  const { body } = await confirm(person, codeOf(secret))
  shop.wait(30)
  return { ...person, secret, recoveryCodes: body.recoveryCodes as string[] }
}

describe('turning a second factor on', () => {
  test('takes the password, and a code of the app; until then signing in takes the password only', async () => {
    const person = await shop.somebody()
    const wrong = { token: person.token, body: { currentPassword: 'not my password' } }
    expect((await shop.ask('POST', path, wrong)).body.code).toBe('wrong-password')
    const secret = await propose(person)
    expect((await signIn(person.email)).status).toBe(200)
    expect((await confirm(person, codeOf(secret, 3_600))).body.code).toBe('wrong-code')
    expect((await signIn(person.email)).status).toBe(200)
    const confirmed = await confirm(person, codeOf(secret))
    expect(confirmed.body.recoveryCodes).toHaveLength(10)
    expect((await shop.ask('GET', path, person)).body).toEqual({ on: true, recoveryCodes: 10 })
  })

  test('ends every other session, and tells the owner', async () => {
    const person = await shop.somebody()
    const other = await shop.signIn(person.email)
    await confirm(person, codeOf(await propose(person)))
    const refresh = async (refreshToken: string) =>
      (await shop.ask('POST', '/sessions/refresh', { body: { refreshToken } })).status
    expect([await refresh(other.refreshToken), await refresh(person.refreshToken)]).toEqual([
      401, 200,
    ])
    const last = (await shop.emitted(person.userId)).at(-1)
    expect(last).toMatchObject({ topic: 'users-contact-changed-v1', data: { secondFactor: 'on' } })
  })

  test('cannot be done twice: an attacker with the password cannot put another app in its place', async () => {
    const person = await enrolled()
    const body = { currentPassword: password }
    const again = await shop.ask('POST', path, { ...person, body })
    expect([again.status, again.body.code]).toEqual([409, 'second-factor-on'])
  })

  test('keeps the secret sealed, for this user only, and recovery codes as hashes', async () => {
    const [one, other] = [await enrolled(), await enrolled()]
    const rows = await shop.database.rows.selectFrom('second_factors').selectAll().execute()
    const codes = await shop.database.rows.selectFrom('recovery_codes').selectAll().execute()
    const kept = JSON.stringify([rows, codes.map(({ hash }) => hash.toString())])
    for (const secret of [one.secret, ...one.recoveryCodes]) expect(kept).not.toContain(secret)
    const sealedFor = (id: string) => rows.find(({ user_id }) => user_id === id)?.sealed_secret
    await shop.database.rows
      .updateTable('second_factors')
      .set({ sealed_secret: String(sealedFor(other.userId)) })
      .where('user_id', '=', one.userId)
      .execute()
    expect((await signIn(one.email, codeOf(other.secret))).status).toBe(500)
  })
})

describe('signing in with a second factor', () => {
  test('takes a code beside the password', async () => {
    const person = await enrolled()
    const without = await signIn(person.email)
    expect([without.status, without.body.code]).toEqual([401, 'second-factor-required'])
    expect((await signIn(person.email, '000000')).body.code).toBe('wrong-code')
    expect((await signIn(person.email, codeOf(person.secret))).status).toBe(200)
  })

  test('asks nobody for a code who does not know the password', async () => {
    const person = await enrolled()
    const body = { email: person.email, password: 'not my password', code: codeOf(person.secret) }
    expect((await shop.ask('POST', '/sessions', { body })).body.code).toBe('wrong-credentials')
  })

  test.each([-30, 0, 30])('takes a code of a clock that is %i s off', async (seconds) => {
    const person = await enrolled()
    shop.wait(60)
    expect((await signIn(person.email, codeOf(person.secret, seconds))).status).toBe(200)
  })

  test.each([-90, 90])('refuses a code of %i s', async (seconds) => {
    const person = await enrolled()
    expect((await signIn(person.email, codeOf(person.secret, seconds))).body.code).toBe(
      'wrong-code',
    )
  })

  test('takes a code once, also of twenty who send it together, and none from before', async () => {
    const person = await enrolled()
    shop.wait(30)
    const code = codeOf(person.secret)
    const answers = await Promise.all(Array.from({ length: 10 }, () => signIn(person.email, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await signIn(person.email, codeOf(person.secret, -30))).body.code).toBe('wrong-code')
  })

  test('has ten recovery codes, which nobody can guess', async () => {
    const codes = [await enrolled(), await enrolled()].flatMap(({ recoveryCodes }) => recoveryCodes)
    expect(new Set(codes).size).toBe(20)
    const letters = codes.map((code) => code.replaceAll('-', ''))
    expect(letters.filter((code) => !/^[A-Z2-7]{28}$/.test(code))).toEqual([])
    for (let at = 0; at < 28; at++)
      expect(new Set(letters.map((code) => code[at])).size, `letter ${at}`).toBeGreaterThan(4)
  })

  test('takes each recovery code once', async () => {
    const person = await enrolled()
    const [code = ''] = person.recoveryCodes
    const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(person.email, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const left = await shop.ask('GET', path, person)
    expect(left.body).toEqual({ on: true, recoveryCodes: 9 })
  })

  test('bounds guesses at the code per account, from however many networks', async () => {
    const person = await enrolled()
    const codes = []
    for (let guess = 0; guess < 22; guess++) {
      const answer = await signIn(person.email, '000000', `203.0.113.${guess}`)
      codes.push(answer.body.code)
    }
    expect(codes.indexOf('too-many-requests')).toBe(20)
    shop.wait(3_600)
  })

  test('is one failure in the security log when the code is wrong', async () => {
    const person = await enrolled()
    const before = shop.lines.length
    await signIn(person.email, '000000')
    const logged = shop.lines.slice(before).join('')
    expect(logged).toContain('authn_login_fail')
    expect(logged).not.toContain('000000')
  })
})

describe('turning it off', () => {
  test('takes the password and a code, and tells the owner', async () => {
    const person = await enrolled()
    const remove = (body: object) => shop.ask('POST', `${path}/removal`, { ...person, body })
    const code = codeOf(person.secret)
    expect((await remove({ currentPassword: 'not mine', code })).body.code).toBe('wrong-password')
    expect((await remove({ currentPassword: password, code: '000000' })).body.code).toBe(
      'wrong-code',
    )
    expect((await remove({ currentPassword: password, code })).status).toBe(204)
    expect((await signIn(person.email)).status).toBe(200)
    const last = (await shop.emitted(person.userId)).at(-1)
    expect(last?.data).toMatchObject({ secondFactor: 'off' })
    expect((await remove({ currentPassword: password, code })).body.code).toBe('second-factor-off')
  })
})

describe('with a second factor, another e-mail or password', () => {
  const changes = {
    'e-mail': (person: Somebody, proof: object) =>
      shop.ask('PATCH', '/users/me', { ...person, body: { email: 'new@example.com', ...proof } }),
    password: (person: Somebody, proof: object) =>
      shop.ask('POST', '/users/me/password', {
        ...person,
        body: { newPassword: 'chosen by a thief', ...proof },
      }),
  }
  test.each(Object.entries(changes))('%s: the password alone is not enough', async (_, change) => {
    const person = await enrolled()
    const before = (await shop.emitted(person.userId)).length
    const proof = { currentPassword: password }
    const without = await change(person, proof)
    expect([without.status, without.body.code]).toEqual([403, 'code-required'])
    const wrong = await change(person, { ...proof, code: '000000' })
    expect([wrong.status, wrong.body.code]).toEqual([403, 'wrong-code'])
    const code = codeOf(person.secret)
    const guessed = await change(person, { currentPassword: 'not my password', code })
    expect([guessed.status, guessed.body.code]).toEqual([403, 'wrong-password'])
    expect(await shop.emitted(person.userId)).toHaveLength(before)
    expect((await change(person, { ...proof, code })).status).toBe(200)
    expect(await shop.emitted(person.userId)).toHaveLength(before + 1)
    const again = await change(person, { ...proof, code })
    expect(again.status).toBe(403)
  })

  test('takes a recovery code, too; a name takes neither', async () => {
    const person = await enrolled()
    const [code] = person.recoveryCodes
    const proof = { currentPassword: password, code }
    expect((await changes.password(person, proof)).status).toBe(200)
    const body = { name: 'Countess' }
    expect((await shop.ask('PATCH', '/users/me', { ...person, body })).status).toBe(200)
  })
})

describe('operators of a shop that requires a second factor of them', () => {
  test('have the rights of a customer until it is on', async () => {
    const strict = shop.anotherInstance({ secondFactorRequired: ['operator'] })
    const person = await shop.somebody()
    await shop.database.rows
      .updateTable('users')
      .set({ role: 'operator' })
      .where('user_id', '=', person.userId)
      .execute()
    const session = async (code?: string) => {
      const body = { email: person.email, password, ...(code && { code }) }
      return String((await strict.ask('POST', '/sessions', { body })).body.accessToken)
    }
    const roleOf = (token: string) =>
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).role
    const token = await session()
    expect(roleOf(token)).toBe('customer')
    expect((await strict.ask('GET', '/users/me', { token })).body.secondFactorDue).toBe(true)
    const secret = await propose({ ...person, token })
    await confirm({ ...person, token }, codeOf(secret))
    shop.wait(30)
    const strong = await session(codeOf(secret))
    expect(roleOf(strong)).toBe('operator')
    expect((await strict.ask('GET', '/users/me', { token: strong })).body).not.toHaveProperty(
      'secondFactorDue',
    )
  })
})
