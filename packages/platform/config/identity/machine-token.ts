import { tokenRules } from '@sidecart/chassis/http/authentication.ts'
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose'
import { UserError } from '../project.ts'

/** The owner of the machine, in histories and logs. No account has this id. */
export const machineId = '00000000-0000-8000-8000-000000000001'

const lifeSeconds = 60
const renewedMs = 30_000

/**
 * Returns a function that returns an access token with the rights of an operator, signed with the shop's own key: for
 * commands, which have the keys, and need no account. A token is good for a minute, and is replaced after half of that.
 *
 * @param jwtKeys the secret `jwt-keys`, of which the first key signs
 * @example const token = createMachineTokens(secrets['jwt-keys']); const authorization = `Bearer ${await token()}`
 */
export function createMachineTokens(
  jwtKeys: string,
  now: () => number = Date.now,
): () => Promise<string> {
  let latest: { token: string; issuedAt: number } | undefined
  return async () => {
    if (latest && now() - latest.issuedAt < renewedMs) return latest.token
    const issuedAt = now()
    latest = { token: await sign(firstOf(jwtKeys), issuedAt), issuedAt }
    return latest.token
  }
}

/** Errors say nothing of the content: it is a secret. */
function firstOf(jwtKeys: string): JWK {
  try {
    const [first] = JSON.parse(jwtKeys) as JWK[]
    if (first?.d) return first
  } catch {}
  throw new UserError('the secret jwt-keys holds no key that signs: ./sidecart keys list')
}

async function sign(key: JWK, now: number): Promise<string> {
  const { issuer, audience, typ, algorithm } = tokenRules
  const { kty = '', crv = '', x = '' } = key
  const kid = key.kid ?? (await calculateJwkThumbprint({ kty, crv, x }))
  const seconds = Math.floor(now / 1000)
  return new SignJWT({ role: 'operator', client_id: 'sidecart-command' })
    .setProtectedHeader({ alg: algorithm, typ, kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(machineId)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + lifeSeconds)
    .sign(await importJWK(key, algorithm))
}
