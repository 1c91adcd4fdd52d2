import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, SignJWT } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { Fault, refused } from '../core/errors.ts'
import { createVerifier, tokenRules, type Verifier } from './authentication.ts'

const ada = { userId: '019a0000-0000-7000-8000-000000000001', role: 'customer' as const }
const unauthenticated = expect.objectContaining({ code: 'unauthenticated' })
const unavailable = expect.objectContaining({ name: 'Fault', code: 'unavailable' })

type SigningKey = Awaited<ReturnType<typeof newKey>>

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }
  return { kid, jwk, privateKey }
}

let one: SigningKey
let two: SigningKey
let published: JSONWebKeySet
/** Thrown instead of returning the keys. */
let failure: Error | undefined
let fetched: number
let clock: number
let verify: Verifier

beforeEach(async () => {
  ;[one, two] = await Promise.all([newKey('one'), newKey('two')])
  published = { keys: [one.jwk] }
  failure = undefined
  fetched = 0
  clock = Date.now()
  verify = createVerifier(
    async () => {
      fetched += 1
      if (failure) throw failure
      return published
    },
    () => clock,
  )
})

const seconds = () => Math.floor(clock / 1000)
const wait = (s: number) => {
  clock += s * 1000
}

type Forged = {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  lifetime?: number
}

/** A valid token, except for the given overrides. */
const token = (key: SigningKey, { header, claims, lifetime = 900 }: Forged = {}) =>
  new SignJWT({
    iss: tokenRules.issuer,
    aud: tokenRules.audience,
    sub: ada.userId,
    role: ada.role,
    iat: seconds(),
    exp: seconds() + lifetime,
    ...claims,
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: tokenRules.typ, kid: key.kid, ...header })
    .sign(key.privateKey)

describe('a token', () => {
  test('that is right names its user, role and session', async () => {
    const sid = '019a0000-0000-7000-8000-00000000000b'
    expect(await verify(await token(one))).toEqual(ada)
    expect(await verify(await token(one, { claims: { sid } }))).toEqual({ ...ada, sessionId: sid })
  })

  test.each<[string, Forged]>([
    ['of another issuer', { claims: { iss: 'somebody' } }],
    ['for another audience', { claims: { aud: 'another-shop' } }],
    ['of another type', { header: { typ: 'JWT' } }],
    ['without a type', { header: { typ: undefined } }],
    ['under another name of the algorithm', { header: { alg: 'Ed25519' } }],
    ['without a key id', { header: { kid: undefined } }],
    ['with the key id of nobody', { header: { kid: 'three' } }],
    ['without a time of issue', { claims: { iat: undefined } }],
    ['without an end', { claims: { exp: undefined } }],
    ['that brings its own key', { header: { kid: 'mine', jwk: {} } }],
    ['that names where its key is', { header: { kid: 'mine', jku: 'http://127.0.0.1/keys' } }],
    ['good for ten years', { lifetime: 10 * 365 * 86_400 }],
    ['good for a second more than 15 minutes', { lifetime: 901 }],
    ['that ended', { lifetime: -1 }],
    ['that is not good yet', { claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }],
    ['issued in the future', { claims: { iat: Math.floor(Date.now() / 1000) + 60 } }],
    ['without a user', { claims: { sub: undefined } }],
    ['of a user that is no id', { claims: { sub: 'admin' } }],
    ['with a role that does not exist', { claims: { role: 'root' } }],
    ['with a list of roles', { claims: { role: ['customer', 'operator'] } }],
  ])('%s is refused, now and again', async (_, forged) => {
    const bad = await token(one, forged)
    await expect(verify(bad)).rejects.toEqual(unauthenticated)
    await expect(verify(bad)).rejects.toEqual(unauthenticated)
  })

  test('of a clock that is a few seconds ahead is good', async () => {
    const ahead = seconds() + 5
    const good = await token(one, { claims: { iat: ahead, exp: ahead + 900 } })
    expect(await verify(good)).toEqual(ada)
  })

  test('signed with another key under a published id is refused', async () => {
    const forged = { ...two, kid: 'one' }
    await expect(verify(await token(forged))).rejects.toEqual(unauthenticated)
  })

  test('that was good ends at its end, although it is remembered', async () => {
    const good = await token(one)
    await verify(good)
    wait(901)
    await expect(verify(good)).rejects.toEqual(unauthenticated)
  })
})

describe('a key', () => {
  test('that was removed is good for 60 s at most, also for tokens seen before', async () => {
    const good = await token(one)
    await verify(good)
    published = { keys: [two.jwk] }
    wait(60)
    expect(await verify(good)).toEqual(ada)
    wait(0.001)
    await expect(verify(good)).rejects.toEqual(unauthenticated)
    expect(await verify(await token(two))).toEqual(ada)
  })

  test('that takes the place of another under its id takes its tokens along', async () => {
    const good = await token(one)
    await verify(good)
    published = { keys: [{ ...two.jwk, kid: 'one' }] }
    wait(61)
    await expect(verify(good)).rejects.toEqual(unauthenticated)
    expect(await verify(await token({ ...two, kid: 'one' }))).toEqual(ada)
  })

  test('that is new is fetched at once, but not more often than every 5 s', async () => {
    await verify(await token(one))
    published = { keys: [one.jwk, two.jwk] }
    await expect(verify(await token(two))).rejects.toEqual(unauthenticated)
    wait(5)
    const many = Array.from({ length: 20 }, async () => verify(await token(two)))
    expect(await Promise.all(many)).toEqual(Array(20).fill(ada))
    const forged = Array.from({ length: 20 }, async (_, n) =>
      verify(await token(two, { header: { kid: `made-up-${n}` } })),
    )
    await Promise.allSettled(forged)
    expect(fetched).toBe(2)
  })

  test('that is no Ed25519 key for signatures, or has no id, is left aside', async () => {
    const { kid: _, ...nameless } = two.jwk
    published = { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'two' }, nameless, one.jwk] }
    expect(await verify(await token(one))).toEqual(ada)
    await expect(verify(await token(two))).rejects.toEqual(unauthenticated)
  })
})

describe('keys that cannot be fetched', () => {
  test('for the first time are a fault, whatever the reason', async () => {
    const good = await token(one)
    for (const reason of [new Fault('denied', 'no'), refused('forbidden', 'no'), new Error('no')]) {
      failure = reason
      await expect(verify(good)).rejects.toMatchObject({ name: 'Fault' })
    }
    failure = undefined
    expect(await verify(good)).toEqual(ada)
  })

  test('again stay good for 10 minutes, are tried again every 5 s, and then are a fault', async () => {
    await verify(await token(one))
    failure = new Fault('unavailable', 'users is away')
    for (let minute = 0; minute < 9; minute += 1) {
      wait(61)
      for (let n = 0; n < 10; n += 1) expect(await verify(await token(one))).toEqual(ada)
    }
    expect(fetched).toBe(10)
    wait(60)
    await expect(verify(await token(one))).rejects.toEqual(unavailable)
    failure = undefined
    expect(await verify(await token(one))).toEqual(ada)
  })

  test('when a token names an unknown one leave open whether it is good', async () => {
    await verify(await token(one))
    failure = new Error('users is away')
    wait(6)
    await expect(verify(await token(two))).rejects.toEqual(unavailable)
  })
})
