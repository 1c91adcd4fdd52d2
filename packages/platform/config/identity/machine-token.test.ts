import { createVerifier } from '@sidecart/chassis/http/authentication.ts'
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { signingKey } from '../secrets.ts'
import { createMachineTokens, machineId } from './machine-token.ts'

const clock = { now: 1_800_000_000_000 }
const keys = [await signingKey(), await signingKey()] as const
const published = { keys: keys.map(({ d: _, ...shown }) => shown) }
const verifierOf = (jwks: object) =>
  createVerifier(
    async () => jwks as never,
    () => clock.now,
  )
const tokens = (jwtKeys = JSON.stringify(keys)) => createMachineTokens(jwtKeys, () => clock.now)

test('the owner of the keys acts as an operator who has no account', async () => {
  const token = await tokens()()
  expect(await verifierOf(published)(token)).toEqual({ userId: machineId, role: 'operator' })
  expect(decodeProtectedHeader(token).kid).toBe(keys[0].kid)
  expect(decodeJwt(token)).toMatchObject({ client_id: 'sidecart-command' })
})

test('a token is good for a minute, and another one comes after half of it', async () => {
  const next = tokens()
  const first = await next()
  clock.now += 29_000
  expect(await next()).toBe(first)
  clock.now += 1_000
  const second = await next()
  expect(second).not.toBe(first)
  clock.now += 30_000
  await expect(verifierOf(published)(first)).rejects.toThrow(/expired/)
  expect(await verifierOf(published)(second)).toMatchObject({ role: 'operator' })
})

test('keys of another shop open nothing', async () => {
  const { d: _, ...stranger } = { ...(await signingKey()), kid: keys[0].kid }
  await expect(verifierOf({ keys: [stranger] })(await tokens()())).rejects.toThrow(/not valid/)
})

test('a key without an id is known by its thumbprint, as in users', async () => {
  const { kid: _, ...key } = keys[0]
  const token = await tokens(JSON.stringify([key]))()
  const { kty = '', crv = '', x = '' } = key
  expect(decodeProtectedHeader(token).kid).toBe(await calculateJwkThumbprint({ kty, crv, x }))
})

test.each(['', 'not JSON', '[]', '[{"kty":"OKP"}]', 'null'])(
  'a secret %j without a key says what to do, and nothing of its content',
  async (secret) => {
    await expect(tokens(secret)()).rejects.toThrow(/^the secret jwt-keys holds no key/)
  },
)
