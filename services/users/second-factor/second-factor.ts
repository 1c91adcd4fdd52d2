import { createHash } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { Secret, TOTP } from 'otpauth'
import { z } from 'zod'
import type { SecretBox } from '../ports.ts'

/** What authenticator apps support: SHA-1, 6 digits, 30 s (RFC 6238). */
const periodSeconds = 30
const issuer = 'Sidecart'

/** Clocks may differ by one step: a code is good for 30 to 60 s after it is shown. */
const window = 1

const totp = (secret: string, label = '') =>
  new TOTP({ issuer, label, secret: Secret.fromBase32(secret), period: periodSeconds })

/** Returns a new secret of 160 bits in Base32. */
export const newSecret = (): string => new Secret({ size: 20 }).base32

/** Returns the URI that a QR code of the secret contains. */
export const uriOf = (secret: string, email: string): string => totp(secret, email).toString()

/** Returns the number of the step that a code belongs to, if the code is right at this time. */
export function stepOf(secret: string, code: string, now: Date): number | undefined {
  const timestamp = now.getTime()
  const delta = totp(secret).validate({ token: code, window, timestamp })
  return delta === null ? undefined : Math.floor(timestamp / 1000 / periodSeconds) + delta
}

/** Returns ten codes of 140 random bits each, seven groups such as `ABCD-EFGH-…`: too many to need a slow hash. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: 10 }, () => {
    const letters = new Secret({ size: 18 }).base32.slice(0, 28)
    return (letters.match(/.{4}/g) ?? []).join('-')
  })

export const hashOfRecoveryCode = (code: string): Buffer =>
  createHash('sha256').update(code).digest()

export const isRecoveryCode = (code: string): boolean => code.includes('-')

const Sealed = z.strictObject({ userId: z.string(), secret: z.string() })

/**
 * Encrypts with AES-256-GCM (JWE, `dir`).
 *
 * @param key a random text, of which the key is the SHA-256
 */
export function createSecretBox(key: string): SecretBox {
  if (key.length < 22) throw new Error('the secret second-factor-key has fewer than 128 bits')
  const bytes = createHash('sha256').update(key).digest()
  return {
    seal: (userId, secret) =>
      new CompactEncrypt(Buffer.from(JSON.stringify({ userId, secret })))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(bytes),
    async open(userId, sealed) {
      const { plaintext } = await compactDecrypt(sealed, bytes, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      })
      const opened = Sealed.parse(JSON.parse(Buffer.from(plaintext).toString()))
      if (opened.userId !== userId) throw new Error('a second factor was sealed for another user')
      return opened.secret
    },
  }
}
