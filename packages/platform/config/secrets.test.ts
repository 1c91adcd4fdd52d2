import { expect, test } from 'vitest'
import { completed, databases } from './secrets.ts'

const server = 'postgres://127.0.0.1:5440'

test('a first start makes up every secret', async () => {
  const secrets = await completed({}, server)
  for (const name of databases) expect(secrets[`${name}-database`]).toMatch(`//${name}:`)
  expect(secrets['broker-url']).toMatch(/^nats:\/\/sidecart:[\w-]{32}@127\.0\.0\.1:\d+$/)
  expect(secrets['demo-password']).toMatch(/^[\w-]{22}$/)
})

test('no secret can be guessed: each has 128 random bits, and none is made twice', async () => {
  const made = [await completed({}, server), await completed({}, server)].flatMap((secrets) =>
    Object.entries(secrets)
      .filter(([name]) => !/-(host|username|brokers|file)$/.test(name))
      .map(
        ([name, value]) =>
          [name, /:\/\/[^:]+:([^@]+)@|^\w+:([^@]+)@tcp/.exec(value), value] as const,
      )
      .map(([name, login, value]) => [name, login?.[1] ?? login?.[2] ?? value] as const),
  )
  expect(made.length).toBeGreaterThan(24)
  expect(made.filter(([, value]) => !/^[\w-]{22,}$/.test(value)).map(([name]) => name)).toEqual([
    'jwt-keys',
    'jwt-keys',
  ])
  expect(new Set(made.map(([, value]) => value)).size).toBe(made.length)
})

test('the signing key is a private EdDSA key with an id', async () => {
  const { 'jwt-keys': keys } = await completed({}, server)
  expect(JSON.parse(keys ?? '')).toEqual([
    expect.objectContaining({
      kty: 'OKP',
      crv: 'Ed25519',
      d: expect.any(String),
      kid: expect.any(String),
    }),
  ])
})

test('what is there is never made anew, and what is missing is added', async () => {
  const before = await completed({}, server)
  const { 'provider-api-key': lost, ...kept } = before
  const after = await completed({ ...kept, mine: 'own' }, server)
  expect(after).toMatchObject({ ...kept, mine: 'own' })
  expect(after['provider-api-key']).not.toBe(lost)
})

test('connection strings follow the server and keep their passwords', async () => {
  const before = await completed({}, server)
  const after = await completed(before, 'postgres://admin:secret@db.example:5432/postgres')
  const [old, moved] = [before, after].map((all) => new URL(all['orders-database'] ?? ''))
  expect(moved?.host).toBe('db.example:5432')
  expect(moved?.username).toBe('orders')
  expect(moved?.pathname).toBe('/orders')
  expect(moved?.password).toBe(old?.password)
})
