import type { MiddlewareHandler } from 'hono'
import { errors, importJWK, type JSONWebKeySet, type JWTHeaderParameters, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { createRoute, json, z } from '../contract/openapi.ts'
import { Fault, refused } from '../core/errors.ts'

export const Role = z.enum(['customer', 'operator'])
export type Role = z.infer<typeof Role>

/** The caller, and the session if the token was issued for one. */
export type Identity = { userId: string; role: Role; sessionId?: string }

/** Required properties of an access token, for issuing and verifying. */
export const tokenRules = {
  issuer: 'sidecart-users',
  audience: 'sidecart',
  typ: 'at+jwt',
  algorithm: 'EdDSA',
  /** Maximum lifetime in seconds, whatever `exp` says. */
  longest: 15 * 60,
} as const

/** Route of the issuer's published keys. */
export const publishedKeys = createRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  responses: { 200: json(z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })) },
})

/** Seconds by which the issuer's clock may be ahead. */
const clockSkew = 10
const Claims = z
  .object({
    sub: z.uuid(),
    role: Role,
    sid: z.uuid().optional(),
    iat: z.number(),
    exp: z.number(),
  })
  .refine(({ iat, exp }) => exp - iat <= tokenRules.longest)

const PublicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string().min(1),
})

type Key = { x: string; key: Awaited<ReturnType<typeof importJWK>> }
type Keys = ReadonlyMap<string, Key>
type Remembered = { identity: Identity; key: Key; expiresAt: number }

/** Maximum age in milliseconds of keys used to verify a token; a removed key stays valid this long. */
const freshMs = 60_000
/** Milliseconds for which old keys stay valid while fetching fails. */
const keptMs = 10 * 60_000
/** Minimum milliseconds between two fetches, also after failures and for unknown key ids. */
const pauseMs = 5_000
const rememberedTokens = 2_000

/**
 * Verifies access tokens against the issuer's published keys (RFC 8725: one algorithm, one type, issuer and audience
 * pinned, `kid` and `iat` required, 15 minutes at most). Keys older than 60 s are fetched again; a token with an
 * unknown key also causes a fetch (at most every 5 s). While fetching fails, old keys stay valid for 10 minutes. A
 * verified token is cached until the token expires or the key is no longer published.
 *
 * @throws Refusal `unauthenticated` for an invalid token
 * @throws Fault when the keys are not available
 */
export function createVerifier(
  fetchKeys: () => Promise<JSONWebKeySet>,
  now: () => number = Date.now,
): (token: string) => Promise<Identity> {
  const verified = new LRUCache<string, Remembered>({ max: rememberedTokens })
  const keys = createKeys(fetchKeys, now)

  async function verify(token: string): Promise<Remembered> {
    const { issuer, audience, typ, algorithm } = tokenRules
    let key: Key | undefined
    const find = async ({ kid }: JWTHeaderParameters) => {
      key = kid === undefined ? undefined : await keys.find(kid)
      if (!key) throw new errors.JWKSNoMatchingKey()
      return key.key
    }
    const algorithms = [algorithm]
    const currentDate = new Date(now())
    const rules = { issuer, audience, typ, algorithms, currentDate }
    const { payload } = await jwtVerify(token, find, rules)
    const { sub, role, sid, iat, exp } = Claims.parse(payload)
    if (iat > now() / 1000 + clockSkew) throw new errors.JWTInvalid('issued in the future')
    const identity = { userId: sub, role, ...(sid && { sessionId: sid }) }
    return { identity, key: key as Key, expiresAt: exp * 1000 }
  }

  return async (token) => {
    const current = await keys.current()
    const known = verified.get(token)
    if (known && known.expiresAt > now() && current.has(known.key)) return known.identity
    verified.delete(token)
    try {
      const fresh = await verify(token)
      verified.set(token, fresh)
      return fresh.identity
    } catch (error) {
      if (error instanceof Fault) throw error
      throw refused(
        'unauthenticated',
        error instanceof errors.JWTExpired
          ? 'The access token has expired; refresh it.'
          : 'The access token is not valid.',
      )
    }
  }
}

/** Caches the published keys up to the allowed age; concurrent callers share one fetch. */
function createKeys(fetchKeys: () => Promise<JSONWebKeySet>, now: () => number) {
  let byId: Keys = new Map()
  let all: ReadonlySet<Key> = new Set()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined

  const fetch = async () => {
    triedAt = now()
    byId = await imported(await fetchKeys(), byId)
    all = new Set(byId.values())
    fetchedAt = now()
  }
  const fetchOnce = () => {
    fetching ??= fetch().finally(() => {
      fetching = undefined
    })
    return fetching
  }

  async function current(): Promise<ReadonlySet<Key>> {
    const age = now() - fetchedAt
    const isTriedLately = now() - triedAt < pauseMs && !fetching
    if (age <= freshMs || (age <= keptMs && isTriedLately)) return all
    await fetchOnce().catch((error: unknown) => {
      if (now() - fetchedAt > keptMs) throw unavailable(error)
    })
    return all
  }

  async function find(kid: string): Promise<Key | undefined> {
    if (!byId.has(kid) && (fetching || now() - triedAt >= pauseMs))
      await fetchOnce().catch((error: unknown) => {
        throw unavailable(error)
      })
    return byId.get(kid)
  }
  return { current, find }
}

const unavailable = (cause: unknown): Fault =>
  cause instanceof Fault
    ? cause
    : new Fault('unavailable', 'the keys that verify tokens cannot be had', { cause })

/** Imports keys. A known key keeps the same object, because cached tokens refer to the key object. */
async function imported({ keys }: JSONWebKeySet, before: Keys): Promise<Keys> {
  const found = new Map<string, Key>()
  for (const candidate of keys) {
    const { success, data } = PublicKey.safeParse(candidate)
    if (!success) continue
    const { kid, ...publicKey } = data
    const known = before.get(kid)
    if (known?.x === data.x) found.set(kid, known)
    else found.set(kid, { x: data.x, key: await importJWK(publicKey, tokenRules.algorithm) })
  }
  return found
}

export type Verifier = ReturnType<typeof createVerifier>

/**
 * Middleware: admits only signed-in callers (with one of `roles`, if any) and sets `identity` in the context.
 *
 * @example app.use('/orders/*', signedIn(verify)); app.use('/orders/:id/ship', signedIn(verify, 'operator'))
 */
export function signedIn(
  verify: Verifier,
  ...roles: Role[]
): MiddlewareHandler<{ Variables: { identity: Identity } }> {
  return async function signedIn(c, next) {
    const [scheme, token] = (c.req.header('authorization') ?? '').split(' ')
    if (scheme?.toLowerCase() !== 'bearer' || !token)
      throw refused('unauthenticated', 'Send an access token: Authorization: Bearer …')
    const identity = await verify(token)
    c.set('identity', identity)
    if (roles.length > 0 && !roles.includes(identity.role))
      throw refused('forbidden', `Only for: ${roles.join(', ')}.`)
    await next()
  }
}
