import { testDatabase } from '@sidecart/testing/database.ts'
import { SignJWT } from 'jose'
import { v7 as uuid } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { password, startUsers } from './testing.ts'

let shop: Awaited<ReturnType<typeof startUsers>>
beforeAll(async () => {
  shop = await startUsers(await testDatabase('users'))
})
afterAll(() => shop.stop())

const home = {
  name: 'Ada Lovelace',
  street: '12 St James’s Square',
  postalCode: 'SW1Y 4JH',
  city: 'London',
  country: 'GB',
}

const sentence = Array.from({ length: 60 }, (_, n) => `hen ${n * 7919}`).join(' ')

describe('registering', () => {
  test('makes a customer, whatever the e-mail looked like, and emits it', async () => {
    const body = { email: '  Grace@Example.COM ', name: ' Grace ', password }
    const { status, headers, body: profile } = await shop.ask('POST', '/users', { body })
    expect([status, headers.get('location')]).toEqual([201, '/users/me'])
    expect(profile).toEqual({
      userId: expect.any(String),
      email: 'grace@example.com',
      emailConfirmed: false,
      name: 'Grace',
      role: 'customer',
      preferences: { orderUpdates: true, paymentUpdates: true, marketing: false },
      registeredAt: shop.clock.now.toISOString(),
    })
    const { role: _, registeredAt: __, emailConfirmed: confirmed, ...contact } = profile
    const confirmation = { confirmationId: expect.any(String), email: profile.email }
    expect(await shop.emitted(String(profile.userId))).toEqual([
      { topic: 'users-registered-v1', data: { ...contact, version: 1, confirmed, confirmation } },
    ])
  })

  test('an international e-mail is one, however it is written', async () => {
    const email = `ada&co=x/y${Date.now()}@bücher.example`
    const body = { email, name: 'Ada', password }
    const { status, body: profile } = await shop.ask('POST', '/users', { body })
    const normal = email.replace('bücher', 'xn--bcher-kva')
    expect([status, profile.email]).toEqual([201, normal])
    for (const written of [normal, email.toUpperCase(), `  ${normal} `]) {
      const answer = await shop.ask('POST', '/sessions', { body: { email: written, password } })
      expect([answer.status, written]).toEqual([200, written])
    }
  })

  test('with a password that many people use is refused', async () => {
    const body = { email: 'common@example.com', name: 'Ada', password: 'password123' }
    const answer = await shop.ask('POST', '/users', { body })
    expect([answer.status, answer.body.code]).toEqual([422, 'common-password'])
  })

  test.each([
    ['64 characters', sentence.slice(0, 64)],
    ['128 characters', sentence.slice(0, 128)],
    ['letters of one case', 'nine hens cross the river'],
    ['digits only', '8305117729464410'],
    ['any script and signs', '猫は縁側で"寝る\'%;--\\'],
  ])('takes a password of %s, which is then the only one that is right', async (_, chosen) => {
    const email = `${uuid()}@example.com`
    const body = { email, name: 'Ada', password: chosen }
    expect((await shop.ask('POST', '/users', { body })).status).toBe(201)
    const status = async (tried: string) =>
      (await shop.ask('POST', '/sessions', { body: { email, password: tried } })).status
    expect(await status(chosen)).toBe(200)
    expect(await status(chosen.slice(0, -1))).toBe(401)
    expect(await status(`${chosen.slice(0, 64)}?`)).toBe(401)
    const otherCase = chosen.toUpperCase()
    if (otherCase !== chosen) expect(await status(otherCase)).toBe(401)
  })

  test.each([
    ['a role of one’s own choice', { role: 'operator' }, 'role'],
    ['an unknown field', { admin: true }, 'admin'],
    ['a short password', { password: 'ninechars' }, 'password'],
    ['a password over 128 characters', { password: 'x'.repeat(129) }, 'password'],
    ['something that is no e-mail', { email: 'ada@example' }, 'email'],
    ['a line break in the name', { name: 'Ada\r\nBcc: all@example.com' }, 'name'],
    ['a blank name', { name: '   ' }, 'name'],
    ['a link as a name', { name: 'You won! Claim at http://evil.example' }, 'name'],
    ['a link without a scheme as a name', { name: 'Claim at evil.example' }, 'name'],
    ['an e-mail as a name', { name: 'ask eve@evil.example' }, 'name'],
  ])('refuses %s', async (_, fields, field) => {
    const body = { email: 'new@example.com', name: 'Ada', password, ...fields }
    const answer = await shop.ask('POST', '/users', { body })
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-request'])
    expect(answer.body.errors).toMatchObject([{ field }])
  })
})

describe('the own profile', () => {
  test('is for those who are signed in', async () => {
    const answer = await shop.ask('GET', '/users/me')
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })

  test('is not for expired, tampered or unsigned tokens', async () => {
    const { userId, token } = await shop.somebody()
    const past = new Date(shop.clock.now.getTime() - 901_000)
    const expired = await shop.accessTokens.issue({ userId, role: 'customer' }, past)
    const [head, body, signature = ''] = token.split('.')
    const tampered = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${body}.`
    const foreign = await new SignJWT({ role: 'operator' })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setSubject(userId)
      .setExpirationTime('15m')
      .sign(new Uint8Array(32))
    for (const bad of [expired, tampered, unsigned, foreign, 'x.y.z'])
      expect((await shop.ask('GET', '/users/me', { token: bad })).status).toBe(401)
  })

  test('never shows the password hash', async () => {
    const { token, email } = await shop.somebody()
    const { status, headers, body } = await shop.ask('GET', '/users/me', { token })
    expect([status, headers.get('cache-control'), body.email]).toEqual([200, 'no-store', email])
    expect(JSON.stringify(body)).not.toMatch(/argon2|password|hash/i)
  })

  test('takes another name, and emits it with the next version', async () => {
    const { userId, token } = await shop.somebody()
    const answer = await shop.ask('PATCH', '/users/me', { token, body: { name: 'Countess' } })
    expect([answer.status, answer.body.name]).toEqual([200, 'Countess'])
    await shop.ask('PATCH', '/users/me', { token, body: { name: 'Countess' } })
    expect(await shop.emitted(userId)).toMatchObject([
      { topic: 'users-registered-v1', data: { version: 1 } },
      { topic: 'users-contact-changed-v1', data: { name: 'Countess', version: 2 } },
    ])
  })

  test('refuses empty and unknown changes', async () => {
    const { token } = await shop.somebody()
    for (const body of [{}, { role: 'operator' }, { name: 'Ada', version: 7 }])
      expect((await shop.ask('PATCH', '/users/me', { token, body })).status).toBe(400)
  })

  test('ten changes at once rise the version ten times', async () => {
    const { userId, token } = await shop.somebody()
    const names = Array.from({ length: 10 }, (_, n) => `Ada ${n}`)
    await Promise.all(
      names.map((name) => shop.ask('PATCH', '/users/me', { token, body: { name } })),
    )
    const versions = (await shop.emitted(userId)).map(({ data }) => Number(data.version))
    expect(versions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })
})

describe('notification preferences', () => {
  test('are replaced as a whole and emitted', async () => {
    const { userId, token } = await shop.somebody()
    const body = { orderUpdates: false, paymentUpdates: true, marketing: true }
    const path = '/users/me/preferences'
    expect((await shop.ask('PUT', path, { token, body })).body).toEqual(body)
    expect((await shop.ask('GET', path, { token })).body).toEqual(body)
    expect((await shop.ask('PUT', path, { token, body: { marketing: false } })).status).toBe(400)
    expect(await shop.emitted(userId)).toMatchObject([
      {},
      { topic: 'users-contact-changed-v1', data: { preferences: body, version: 2 } },
    ])
  })
})

describe('addresses', () => {
  const path = '/users/me/addresses'

  test('are added, listed, replaced and removed', async () => {
    const { token } = await shop.somebody()
    const added = await shop.ask('POST', path, { token, body: home })
    const { addressId } = added.body
    expect(added).toMatchObject({ status: 201, body: { ...home } })
    expect(added.headers.get('location')).toBe(`${path}/${addressId}`)

    const moved = { ...home, postalCode: '75001', city: 'Paris', country: 'FR' }
    const replaced = await shop.ask('PUT', `${path}/${addressId}`, { token, body: moved })
    expect(replaced).toMatchObject({ status: 200, body: { addressId, ...moved } })
    const listed = await shop.ask('GET', path, { token })
    expect(listed.body).toEqual({ addresses: [{ addressId, ...moved }] })

    expect((await shop.ask('DELETE', `${path}/${addressId}`, { token })).status).toBe(204)
    expect((await shop.ask('DELETE', `${path}/${addressId}`, { token })).status).toBe(404)
    expect((await shop.ask('GET', path, { token })).body).toEqual({ addresses: [] })
  })

  test('of another user do not exist', async () => {
    const [owner, stranger] = [await shop.somebody(), await shop.somebody()]
    const { body } = await shop.ask('POST', path, { token: owner.token, body: home })
    const theirs = `${path}/${body.addressId}`
    const { token } = stranger
    for (const answer of [
      await shop.ask('PUT', theirs, { token, body: home }),
      await shop.ask('DELETE', theirs, { token }),
    ])
      expect([answer.status, answer.body.code]).toEqual([404, 'not-found'])
    const kept = await shop.ask('GET', path, { token: owner.token })
    expect(kept.body).toEqual({ addresses: [body] })
    expect((await shop.ask('GET', path, { token })).body).toEqual({ addresses: [] })
  })

  test('are at most 20, also when asked for at once', async () => {
    const { token } = await shop.somebody()
    const answers = await Promise.all(
      Array.from({ length: 22 }, (_, n) =>
        shop.ask('POST', path, { token, body: { ...home, street: `Harbour Road ${n}` } }),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20)
    expect(answers.filter(({ body }) => body.code === 'too-many-addresses')).toHaveLength(2)
  })

  test('that are the same are one entry, however often and however written they come', async () => {
    const { token } = await shop.somebody()
    const written = [home, { ...home, name: 'ada  LOVELACE', street: `${home.street}.` }]
    const answers = await Promise.all(
      [...written, ...written, ...written].map((body) => shop.ask('POST', path, { token, body })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 200, 201])
    expect(new Set(answers.map(({ headers }) => headers.get('location'))).size).toBe(1)
    const { body: listed } = await shop.ask('GET', path, { token })
    expect(listed.addresses).toHaveLength(1)

    const other = await shop.ask('POST', path, { token, body: { ...home, street: 'Elsewhere 1' } })
    const into = `${path}/${other.body.addressId}`
    const replaced = await shop.ask('PUT', into, { token, body: home })
    expect([replaced.status, replaced.body.code]).toEqual([409, 'address-known'])
  })

  test('are given to orders, of their owner only', async () => {
    const [owner, stranger] = [await shop.somebody(), await shop.somebody()]
    const { body: saved } = await shop.ask('POST', path, { token: owner.token, body: home })
    const asked = (userId: string) =>
      shop.ask('GET', `/internal/addresses?userId=${userId}&addressId=${saved.addressId}`)
    expect(await asked(owner.userId)).toMatchObject({ status: 200, body: saved })
    expect(await asked(stranger.userId)).toMatchObject({ status: 404, body: { code: 'not-found' } })
  })

  test('of a country without postal codes need none', async () => {
    const { token } = await shop.somebody()
    const { postalCode: _, ...body } = { ...home, country: 'HK' }
    const added = await shop.ask('POST', path, { token, body })
    expect(added).toMatchObject({ status: 201, body: { postalCode: '' } })
  })

  test('are in the countries that the shop ships to, which anybody may list', async () => {
    const { status, body } = await shop.ask('GET', '/countries')
    expect([status, body]).toEqual([
      200,
      {
        countries: [
          { country: 'DE', postalCode: true },
          { country: 'FR', postalCode: true },
          { country: 'GB', postalCode: true },
          { country: 'HK', postalCode: false },
        ],
      },
    ])
  })

  test.each([
    ['an unknown country', { country: 'XX' }],
    ['no postal code where the country has one', { postalCode: '' }],
    ['control characters', { city: 'Lon\u0000don' }],
    ['a country in lower case', { country: 'gb' }],
    ['an unknown field', { phone: '1' }],
    ['an empty street', { street: ' ' }],
  ])('refuse %s', async (_, fields) => {
    const { token } = await shop.somebody()
    const answer = await shop.ask('POST', path, { token, body: { ...home, ...fields } })
    expect(answer.status).toBe(400)
  })

  test('refuse a country that the shop does not ship to', async () => {
    const { token } = await shop.somebody()
    const answer = await shop.ask('POST', path, { token, body: { ...home, country: 'AQ' } })
    expect([answer.status, answer.body]).toMatchObject([
      422,
      { code: 'country-not-served', errors: [{ field: 'country' }] },
    ])
  })
})

test('accounts are found by their e-mail: its owner first, then everybody who claims it', async () => {
  const email = `${uuid()}@example.com`
  const claim = async () => {
    const { body } = await shop.ask('POST', '/users', { body: { email, name: 'Ada', password } })
    return String(body.userId)
  }
  const [first, second] = [await claim(), await claim()]
  await shop.confirm(first)
  const found = async (email: string) =>
    (await shop.ask('POST', '/internal/accounts/lookup', { body: { email } })).body
  expect(await found(email.toUpperCase())).toEqual({ userIds: [first, second] })
  expect(await found(`no-${email}`)).toEqual({ userIds: [] })
})

test('another password is emitted, so that the owner is told', async () => {
  const { userId, token } = await shop.somebody()
  const change = { currentPassword: password, newPassword: 'another horse battery' }
  expect((await shop.ask('POST', '/users/me/password', { token, body: change })).status).toBe(200)
  expect(await shop.emitted(userId)).toMatchObject([
    { data: { version: 1 } },
    { data: { passwordChanged: true, version: 2 } },
  ])
})

test('the API describes itself and says which methods it takes', async () => {
  const { body } = await shop.ask('GET', '/openapi.json')
  expect(Object.keys(body.paths as object).toSorted()).toEqual([
    '/.well-known/jwks.json',
    '/confirmations',
    '/countries',
    '/internal/accounts/lookup',
    '/internal/addresses',
    '/internal/confirmations',
    '/internal/ended-sessions',
    '/internal/operators',
    '/internal/operators/invitations',
    '/internal/operators/revocations',
    '/internal/password-resets',
    '/internal/requests',
    '/invitations',
    '/invitations/lookup',
    '/password-resets',
    '/password-resets/redemption',
    '/sessions',
    '/sessions/logout',
    '/sessions/refresh',
    '/users',
    '/users/me',
    '/users/me/addresses',
    '/users/me/addresses/{addressId}',
    '/users/me/confirmation',
    '/users/me/invitation',
    '/users/me/password',
    '/users/me/preferences',
    '/users/me/second-factor',
    '/users/me/second-factor/confirmation',
    '/users/me/second-factor/removal',
    '/users/me/sessions',
    '/users/me/sessions/revocation',
    '/users/{userId}/sessions',
  ])
  const { status, headers } = await shop.ask('GET', '/sessions')
  expect([status, headers.get('allow')]).toEqual([405, 'POST'])
})
