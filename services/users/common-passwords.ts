import { dictionary } from '@zxcvbn-ts/language-common'
import { refuse } from './domain.ts'

const common = new Set(dictionary['passwords-common'])

/**
 * Words that a guesser tries at this shop: its name, its roles, what it is built on. A fork puts its own here. A password
 * may contain one, but not consist of these words, digits and signs alone.
 */
export const contextWords = [
  'sidecart',
  'sidecar',
  'dapr',
  'customer',
  'operator',
  'admin',
  'shop',
  'demo',
  'password',
] as const
const onlyContextWords = new RegExp(`^(${contextWords.join('|')}|[^\\p{L}])+$`, 'u')

/**
 * Whether a password is among those that guessers try first: one of 50,000 that people chose most often, in whatever
 * case and with digits or signs put after it, a few characters over and over, the account's own e-mail, or nothing but
 * words of this shop, digits and signs.
 */
export function isCommonPassword(password: string, email: string): boolean {
  const plain = password.trim().toLowerCase()
  const word = plain.replace(/[^\p{L}]+$/u, '')
  const isRepeated = /^(.{1,4})\1+$/u.test(plain)
  return (
    common.has(plain) ||
    common.has(word) ||
    isRepeated ||
    (/\p{L}/u.test(plain) && onlyContextWords.test(plain)) ||
    [email, email.split('@')[0]].includes(plain)
  )
}

/** @throws Refusal `common-password` */
export function assertUncommon(password: string, email: string): void {
  if (isCommonPassword(password, email))
    throw refuse('common-password', 'Many people use this password; choose another one.')
}
