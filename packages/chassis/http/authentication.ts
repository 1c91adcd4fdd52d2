import type { MiddlewareHandler } from 'hono'
import { errors, importJWK, type JSONWebKeySet, type JWTHeaderParameters, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { createRoute, json, z } from '../contract/openapi.ts'
import { Fault, refused } from '../core/errors.ts'

export const Role = z.enum(['customer', 'operator'])
export type Role = z.infer<typeof Role>

/** Who is asking, and in which session, if the token was issued for one. */
export type Identity = { userId: string; role: Role; sessionId?: string }

/** What an access token must say, wherever it is issued or verified. */
export const tokenRules = {
  issuer: 'sidecart-users',
  audience: 'sidecart',
  typ: 'at+jwt',
  algorithm: 'EdDSA',
  /** Seconds. No token is good for longer, whatever it says of itself. */
  longest: 15 * 60,
} as const

/** The published keys of anyone who signs access tokens. */
export const publishedKeys = createRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  responses: { 200: json(z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })) },
})

/** Seconds by which the clock of the issuer may be ahead. */
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

/** Keys may be this old when a token is verified with them: for so long a key that was removed is still good. */
const freshMs = 60_000
/** Keys that cannot be fetched again are good for this long. */
const keptMs = 10 * 60_000
/** Between two fetches, whatever the tokens name and however often it fails. */
const pauseMs = 5_000
const rememberedTokens = 2_000

/**
 * Verifies access tokens against the issuer's published keys (RFC 8725: one algorithm, one type, issuer and audience
 * pinned, `kid` and `iat` required, 15 minutes at most). Keys are fetched again when they are older than 60 s, and when
 * a token names an unknown one (at most every 5 s). When that fails, the old ones are good for 10 minutes. A verified
 * token is remembered until it expires or its key is no longer published.
 *
 * @throws Refusal `unauthenticated` for a token that is not valid
 * @throws Fault when the keys cannot be had
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

/** The published keys, as fresh as they have to be, and fetched by one caller at a time. */
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

/** A key that was there before stays the same object: by it a remembered token knows its key. */
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
 * Lets only signed-in callers pass (with one of `roles`, when given) and puts `identity` into the context.
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
