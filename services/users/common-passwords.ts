import { dictionary } from '@zxcvbn-ts/language-common'

const common = new Set(dictionary['passwords-common'])

/**
 * Whether a password is among those that guessers try first: one of 50,000 that people chose most often, in whatever
 * case and with digits or signs put after it, a few characters over and over, or the account's own e-mail.
 */
export function isCommonPassword(password: string, email: string): boolean {
  const plain = password.trim().toLowerCase()
  const word = plain.replace(/[^\p{L}]+$/u, '')
  const isRepeated = /^(.{1,4})\1+$/u.test(plain)
  return (
    common.has(plain) ||
    common.has(word) ||
    isRepeated ||
    [email, email.split('@')[0]].includes(plain)
  )
}
