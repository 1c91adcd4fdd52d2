import {
  createVerifier,
  type Role,
  tokenRules,
  type Verifier,
} from '@sidecart/chassis/http/authentication.ts'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export type TestTokens = {
  verify: Verifier
  /** An `authorization` header for a user; `expiresIn` as jose reads it, such as `-1m`. */
  bearer(userId: string, role?: Role, expiresIn?: string): Promise<{ authorization: string }>
}

/** A key of the test's own, its verifier, and tokens signed with it. */
export async function testTokens(): Promise<TestTokens> {
  const { publicKey, privateKey } = await generateKeyPair(tokenRules.algorithm)
  const jwk = { ...(await exportJWK(publicKey)), kid: 'test', alg: tokenRules.algorithm }
  const { issuer, audience, typ, algorithm } = tokenRules
  const sign = (userId: string, role: Role, expiresIn: string) =>
    new SignJWT({ role })
      .setProtectedHeader({ alg: algorithm, typ, kid: 'test' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt()
      .setExpirationTime(expiresIn)
      .sign(privateKey)
  return {
    verify: createVerifier(async () => ({ keys: [jwk] })),
    bearer: async (userId, role = 'customer', expiresIn = '15m') => ({
      authorization: `Bearer ${await sign(userId, role, expiresIn)}`,
    }),
  }
}
