import type { MiddlewareHandler } from 'hono'
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { createRoute, json, z } from './contract.ts'
import { Fault, refused } from './refusal.ts'

export const Role = z.enum(['customer', 'operator'])
export type Role = z.infer<typeof Role>

/** Who is asking. */
export type Identity = { userId: string; role: Role }

/** What an access token must say, wherever it is issued or verified. */
export const tokenRules = {
  issuer: 'sidecart-users',
  audience: 'sidecart',
  typ: 'at+jwt',
  algorithm: 'EdDSA',
} as const

/** The published keys of whoever signs access tokens. */
export const publishedKeys = createRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  responses: { 200: json(z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })) },
})

const Claims = z.object({ sub: z.uuid(), role: Role, exp: z.number() })
const refetchAfterMs = 30_000
const rememberedTokens = 2_000

/**
 * Verifies access tokens against the issuer's published keys. Keys are fetched when first needed and again
 * when a token names an unknown one (at most every 30 s); a verified token is remembered until it expires.
 *
 * @throws Refusal `unauthenticated` for a token that is not valid
 * @throws Fault when the keys cannot be had
 */
export function createVerifier(
  fetchKeys: () => Promise<JSONWebKeySet>,
): (token: string) => Promise<Identity> {
  const verified = new Map<string, { identity: Identity; expiresAt: number }>()
  let keys: { find: JWTVerifyGetKey; fetchedAt: number } | undefined

  async function currentKeys(refetch: boolean): Promise<JWTVerifyGetKey> {
    if (!keys || (refetch && Date.now() - keys.fetchedAt > refetchAfterMs)) {
      keys = { find: createLocalJWKSet(await fetchKeys()), fetchedAt: Date.now() }
    }
    return keys.find
  }

  async function verify(token: string, refetch = false): Promise<Identity> {
    const { issuer, audience, typ, algorithm } = tokenRules
    try {
      const { payload } = await jwtVerify(token, await currentKeys(refetch), {
        issuer,
        audience,
        typ,
        algorithms: [algorithm],
      })
      const { sub, role, exp } = Claims.parse(payload)
      remember(token, { userId: sub, role }, exp * 1000)
      return { userId: sub, role }
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && !refetch) return verify(token, true)
      if (error instanceof Fault) throw error
      throw refused(
        'unauthenticated',
        error instanceof errors.JWTExpired
          ? 'The access token has expired; refresh it.'
          : 'The access token is not valid.',
      )
    }
  }

  function remember(token: string, identity: Identity, expiresAt: number): void {
    if (verified.size >= rememberedTokens) verified.delete(verified.keys().next().value as string)
    verified.set(token, { identity, expiresAt })
  }

  return async (token) => {
    const known = verified.get(token)
    if (known && known.expiresAt > Date.now()) return known.identity
    verified.delete(token)
    return verify(token)
  }
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
    if (roles.length > 0 && !roles.includes(identity.role))
      throw refused('forbidden', `Only for: ${roles.join(', ')}.`)
    c.set('identity', identity)
    await next()
  }
}
