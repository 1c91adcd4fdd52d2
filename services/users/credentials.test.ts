import { createVerifier, tokenRules } from '@sidecart/chassis/http/authentication.ts'
import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { createAccessTokens, createPasswords, refreshTokens } from './credentials.ts'

const ada = { userId: '019a0000-0000-7000-8000-000000000001', role: 'customer' as const }

async function privateJwk(kid?: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { ...(await exportJWK(privateKey)), ...(kid && { kid }) }
}

describe('an access token', () => {
  let jwk: JWK
  let tokens: Awaited<ReturnType<typeof createAccessTokens>>
  beforeAll(async () => {
    jwk = await privateJwk('one')
    tokens = await createAccessTokens(JSON.stringify([jwk]))
  })
  const verify = (token: string) => createVerifier(async () => tokens.published)(token)
  const refusal = expect.objectContaining({ code: 'unauthenticated' })

  test('says who, in which role, for 15 minutes', async () => {
    const now = new Date()
    const token = await tokens.issue(ada, now)
    expect(await verify(token)).toEqual(ada)
    const { iat = 0, exp = 0, jti } = decodeJwt(token)
    expect([iat, exp - iat]).toEqual([Math.floor(now.getTime() / 1000), 900])
    expect(jti).toMatch(/^[0-9a-f-]{36}$/)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: 'one' })
  })

  test('is refused when it has expired', async () => {
    const token = await tokens.issue(ada, new Date(Date.now() - 901_000))
    await expect(verify(token)).rejects.toEqual(refusal)
  })

  test('is refused when it was tampered with', async () => {
    const [head, , signature] = (await tokens.issue(ada, new Date())).split('.')
    const claims = decodeJwt(await tokens.issue(ada, new Date()))
    const body = Buffer.from(JSON.stringify({ ...claims, role: 'operator' })).toString('base64url')
    await expect(verify(`${head}.${body}.${signature}`)).rejects.toEqual(refusal)
  })

  test('is refused with algorithm none', async () => {
    const claims = decodeJwt(await tokens.issue(ada, new Date()))
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const unsigned = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims)}.`
    await expect(verify(unsigned)).rejects.toEqual(refusal)
  })

  test('is refused when the public key was used as an HMAC secret', async () => {
    const { x = '' } = jwk
    const token = await new SignJWT({ role: 'operator' })
      .setProtectedHeader({ alg: 'HS256', typ: tokenRules.typ, kid: 'one' })
      .setIssuer(tokenRules.issuer)
      .setAudience(tokenRules.audience)
      .setSubject(ada.userId)
      .setExpirationTime('15m')
      .sign(Buffer.from(x, 'base64url'))
    await expect(verify(token)).rejects.toEqual(refusal)
  })

  test('of a former key is good while that key is still published', async () => {
    const token = await tokens.issue(ada, new Date())
    const next = await createAccessTokens(JSON.stringify([await privateJwk('two'), jwk]))
    expect(next.published.keys.map(({ kid }) => kid)).toEqual(['two', 'one'])
    expect(await createVerifier(async () => next.published)(token)).toEqual(ada)
    expect(decodeProtectedHeader(await next.issue(ada, new Date())).kid).toBe('two')
  })
})

describe('the signing keys', () => {
  test('are published without their private half', async () => {
    const jwk = await privateJwk()
    const { published } = await createAccessTokens(JSON.stringify([jwk]))
    const { kty, crv, x } = jwk
    const kid = expect.stringMatching(/^[\w-]{43}$/)
    expect(published).toEqual({ keys: [{ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }] })
  })

  test.each([['secret-but-not-json'], ['[]'], ['[{"kty":"OKP","d":"secret"}]']])(
    'that cannot be used stop the start without being shown: %s',
    async (secret) => {
      const failure = await createAccessTokens(secret).catch((error: Error) => error)
      expect(failure).toBeInstanceOf(Error)
      expect(String(failure)).not.toMatch(/secret-|"secret"/)
    },
  )
})

describe('a password', () => {
  test('is kept as argon2id with 19 MiB, 2 passes and 1 lane, never twice the same', async () => {
    const passwords = createPasswords()
    const [one, two] = await Promise.all([
      passwords.hash('correct horse'),
      passwords.hash('correct horse'),
    ])
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(one).not.toBe(two)
    expect(await passwords.match('correct horse', one)).toBe(true)
    expect(await passwords.match('correct house', one)).toBe(false)
  })

  test('of an unknown account is compared with something, and never right', async () => {
    expect(await createPasswords().match('correct horse', undefined)).toBe(false)
  })

  test('of an unknown account takes as long as a wrong one', async () => {
    const passwords = createPasswords()
    const known = await passwords.hash('correct horse')
    const fastest = { known: Infinity, unknown: Infinity }
    const isAlike = () => fastest.unknown > fastest.known / 2
    // on a busy machine it takes more rounds until the fastest of each shows what the work costs
    for (let round = 0; round < 5 || (round < 60 && !isAlike()); round += 1) {
      fastest.known = Math.min(fastest.known, await milliseconds(passwords.match('wrong', known)))
      const unknown = await milliseconds(passwords.match('wrong', undefined))
      fastest.unknown = Math.min(fastest.unknown, unknown)
    }
    expect(fastest.unknown).toBeGreaterThan(fastest.known / 2)
  })
})

async function milliseconds(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work
  return performance.now() - startedAt
}

test('a refresh token is opaque and kept as its SHA-256', () => {
  const { token, hash } = refreshTokens.create()
  expect(token).toMatch(/^[\w-]{43}$/)
  expect(hash).toEqual(refreshTokens.hashOf(token))
  expect(hash).toHaveLength(32)
})

test('so many passwords are computed at a time, so many wait, and more are told to come back', async () => {
  const passwords = createPasswords({ atOnce: 2, waiting: 3 })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => passwords.match('correct horse', undefined)),
  )
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(3)
  expect(refused).toMatchObject(
    Array(3).fill({ reason: { code: 'overloaded', extra: { retryAfterSeconds: 1 } } }),
  )
  expect(await passwords.match('correct horse', undefined)).toBe(false)
})
