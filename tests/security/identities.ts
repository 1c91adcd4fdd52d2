import { tokenRules } from '@sidecart/chassis/http/authentication.ts'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { secrets } from '../system/client.ts'

type Key = Parameters<SignJWT['sign']>[0]
type Forged = { header?: object; claims?: object; key?: Key }

/**
 * Access tokens that must open nothing, by what is wrong with them. Each is otherwise as users would issue it to
 * `userId`, an operator, with the shop's own key, so that only that one check stands between it and the route.
 */
export async function badTokens(
  userId: string,
  refreshToken: string,
): Promise<Record<string, string>> {
  const [own = {}] = JSON.parse(secrets()['jwt-keys'] ?? '[]') as JWK[]
  const { d: _, ...publicHalf } = own
  const ownKey = await importJWK(own, 'EdDSA')
  const stranger = await generateKeyPair('EdDSA', { extractable: true })
  const now = Math.floor(Date.now() / 1000)
  const header = { alg: 'EdDSA', typ: tokenRules.typ, kid: own.kid ?? '' }
  const claims = {
    iss: tokenRules.issuer,
    aud: tokenRules.audience,
    sub: userId,
    role: 'operator',
    iat: now,
    exp: now + 900,
  }
  const sign = (forged: Forged) =>
    new SignJWT({ ...claims, ...forged.claims })
      .setProtectedHeader({ ...header, ...forged.header })
      .sign(forged.key ?? ownKey)
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const [head = '', , signature = ''] = (await sign({})).split('.')
  return {
    expired: await sign({ claims: { iat: now - 1_000, exp: now - 100 } }),
    'of another issuer': await sign({ claims: { iss: 'somebody' } }),
    'for another audience': await sign({ claims: { aud: 'another-shop' } }),
    'of another type': await sign({ header: { typ: 'JWT' } }),
    'good for ten years': await sign({ claims: { exp: now + 315_360_000 } }),
    'without a time of issue': await sign({ claims: { iat: undefined } }),
    'without a key id': await sign({ header: { kid: undefined } }),
    'signed with another key': await sign({ key: stranger.privateKey }),
    'of a key that is not published': await sign({
      header: { kid: 'removed' },
      key: stranger.privateKey,
    }),
    'that brings its key': await sign({
      header: { kid: 'mine', jwk: await exportJWK(stranger.publicKey) },
      key: stranger.privateKey,
    }),
    'with algorithm none': `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`,
    'with the public key as a secret': await sign({
      header: { alg: 'HS256' },
      key: new TextEncoder().encode(JSON.stringify(publicHalf)),
    }),
    'with the bytes of the public key as a secret': await sign({
      header: { alg: 'HS256' },
      key: Buffer.from(own.x ?? '', 'base64url'),
    }),
    'with changed claims': `${head}.${encode({ ...claims, sub: crypto.randomUUID() })}.${signature}`,
    'a refresh token': refreshToken,
    'no token at all': 'null',
  }
}

/** A token that is right in everything: it shows that the bad ones fail for the reason they name. */
export async function goodToken(userId: string): Promise<string> {
  const [own = {}] = JSON.parse(secrets()['jwt-keys'] ?? '[]') as JWK[]
  return new SignJWT({ role: 'operator' })
    .setProtectedHeader({ alg: 'EdDSA', typ: tokenRules.typ, kid: own.kid ?? '' })
    .setIssuer(tokenRules.issuer)
    .setAudience(tokenRules.audience)
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(await importJWK(own, 'EdDSA'))
}
