import { createHash, createHmac, randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { overloaded } from '@sidecart/chassis/http/app.ts'
import { tokenRules } from '@sidecart/chassis/http/authentication.ts'
import { calculateJwkThumbprint, importJWK, SignJWT } from 'jose'
import { v4 as uuid, v5 as uuidFrom } from 'uuid'
import { z } from 'zod'
import type { AccessTokens, Passwords, RefreshTokens } from './ports.ts'

export const accessTokenSeconds = tokenRules.longest

/** Argon2id (the library's default variant) with the parameters OWASP recommends: 19 MiB, 2 passes, 1 lane. */
const argon2id = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/**
 * Each takes 19 MiB and a core for some 20 ms, so no more than `atOnce` are computed at a time, and `waiting` more wait.
 *
 * @throws Refusal `overloaded` when too many wait
 */
export function createPasswords({ atOnce = 4, waiting = 64 } = {}): Passwords {
  const inTurn = createQueue(atOnce, waiting)
  const decoy = hash(randomBytes(16), argon2id)
  return {
    hash: (password) => inTurn(() => hash(password, argon2id)),
    async match(password, known) {
      const compared = known ?? (await decoy)
      const right = await inTurn(() => verify(compared, password))
      return right && known !== undefined
    },
  }
}

function createQueue(atOnce: number, most: number) {
  const waiting: (() => void)[] = []
  let running = 0
  return async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce && waiting.length >= most) throw overloaded()
    if (running >= atOnce) await new Promise<void>((resolve) => void waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

const PrivateJwk = z.looseObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string().optional(),
})

/**
 * Signs with the first of the private keys and publishes the public half of all, so that keys can be changed:
 * put the new one first, and remove the old one when its last token has expired.
 *
 * @param secret a JSON array of private Ed25519 JWKs
 */
export async function createAccessTokens(secret: string): Promise<AccessTokens> {
  const keys = await Promise.all(privateKeys(secret).map(withId))
  const [first] = keys
  if (!first) throw new Error('the secret with the signing keys holds none')
  const { issuer, audience, typ, algorithm } = tokenRules
  const signingKey = await importJWK(first, algorithm)
  return {
    published: {
      keys: keys.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid, alg: algorithm, use: 'sig' })),
    },
    issue({ userId, role }, now, session) {
      const seconds = Math.floor(now.getTime() / 1000)
      return new SignJWT({ role, ...(session && { sid: session.sessionId }) })
        .setProtectedHeader({ alg: algorithm, typ, kid: first.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setJti(session ? uuidFrom(String(session.serial), session.sessionId) : uuid())
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + accessTokenSeconds)
        .sign(signingKey)
    },
  }
}

/** Errors say nothing of the content: it is a secret. */
function privateKeys(secret: string): z.infer<typeof PrivateJwk>[] {
  let content: unknown
  try {
    content = JSON.parse(secret)
  } catch {
    throw new Error('the secret with the signing keys is not JSON')
  }
  return z.array(PrivateJwk).parse(content)
}

const withId = async (key: z.infer<typeof PrivateJwk>) => ({
  ...key,
  kid: key.kid ?? (await calculateJwkThumbprint({ kty: key.kty, crv: key.crv, x: key.x })),
})

/**
 * 256 random bits each: no salt or slow hash is needed to store them safely. A successor is derived from its
 * predecessor and a random salt, so that a lost answer can be given again although no token is stored: neither a
 * copy of the database nor an old token is enough to compute it.
 */
export const refreshTokens: RefreshTokens = {
  create() {
    const token = randomBytes(32).toString('base64url')
    return { token, hash: refreshTokens.hashOf(token) }
  },
  succeed(predecessor, salt = randomBytes(32)) {
    const token = createHmac('sha256', predecessor).update(salt).digest('base64url')
    return { token, hash: refreshTokens.hashOf(token), salt }
  },
  hashOf: (token) => createHash('sha256').update(token).digest(),
}

/** 256 random bits each, for one use. They are stored as their hashes only. */
export const confirmationTokens = {
  create() {
    const token = randomBytes(32).toString('base64url')
    return { token, hash: confirmationTokens.hashOf(token) }
  },
  hashOf: (token: string): Buffer => createHash('sha256').update(token).digest(),
}
