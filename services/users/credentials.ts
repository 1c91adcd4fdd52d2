import { createHash, createHmac, randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { calculateJwkThumbprint, importJWK, SignJWT } from 'jose'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { v4 as uuid, v5 as uuidFrom } from 'uuid'
import { z } from 'zod'
import { tokenRules } from '../../chassis/authentication.ts'
import { Refusal, refused } from '../../chassis/refusal.ts'
import type { AccessTokens, Attempts, Passwords, RefreshTokens } from './ports.ts'

export const accessTokenSeconds = tokenRules.longest

/** Argon2id (the library's default variant) with the parameters OWASP recommends: 19 MiB, 2 passes, 1 lane. */
const argon2id = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export function createPasswords(): Passwords {
  const decoy = hash(randomBytes(16), argon2id)
  return {
    hash: (password) => hash(password, argon2id),
    async match(password, known) {
      const right = await verify(known ?? (await decoy), password)
      return right && known !== undefined
    },
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

/**
 * Bounds guessing: wrong attempts per e-mail and per client in a quarter of an hour, right ones are forgiven.
 * Counted in this process: with n instances a guesser has up to n times as many.
 */
export function createAttempts({ perEmail = 10, perClient = 100, seconds = 900 } = {}): Attempts {
  const emails = new RateLimiterMemory({ points: perEmail, duration: seconds })
  const clients = new RateLimiterMemory({ points: perClient, duration: seconds })
  return {
    async make({ client, email }, attempt) {
      if (client !== undefined) await consume(clients, client)
      if (email !== undefined) await consume(emails, email)
      try {
        const proof = await attempt()
        if (proof !== undefined && client !== undefined) await clients.reward(client)
        if (proof !== undefined && email !== undefined) await emails.delete(email)
        return proof
      } catch (error) {
        if (!(error instanceof Refusal) && client !== undefined) await clients.reward(client)
        if (!(error instanceof Refusal) && email !== undefined) await emails.reward(email)
        throw error
      }
    },
  }
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (full) {
    if (!(full instanceof RateLimiterRes)) throw full
    const retryAfterSeconds = Math.max(1, Math.ceil(full.msBeforeNext / 1000))
    throw refused('too-many-requests', `Try again in ${retryAfterSeconds} s.`, {
      retryAfterSeconds,
    })
  }
}
