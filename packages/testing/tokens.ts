import {
  createVerifier,
  type Role,
  tokenRules,
  type Verifier,
} from '@sidecart/chassis/http/authentication.ts'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export type TestTokens = {
  verify: Verifier
  /** Returns an `authorization` header for a user; `expiresIn` in jose's format, such as `-1m`. */
  bearer(userId: string, role?: Role, expiresIn?: string): Promise<{ authorization: string }>
}

/** Creates a key pair, a verifier, and a token signer for a test. */
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
