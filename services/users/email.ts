import { domainToASCII, domainToUnicode } from 'node:url'
import { z } from '@sidecart/chassis/contract/openapi.ts'

/** A dot-atom of RFC 5321. Quoted local parts are refused: the RFC itself advises against such mailboxes. */
const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** What may be written as a domain, in any script; U+3002, U+FF0E and U+FF61 are dots to IDNA. */
const writtenDomain = /^[\p{L}\p{M}\p{N}.\u3002\uff0e\uff61-]{1,255}$/u
/** At least two labels in A-label form; the last one is no number, so this is no IPv4 address. */
const domain =
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/
const longestLocalPart = 64
const longestAddress = 254

/**
 * Returns the one form in which an address is compared and stored: lower case, the domain in A-labels (RFC 5890), so
 * that look-alike letters of another script show as `xn--`. Returns undefined for what is no address, is longer than
 * RFC 5321 allows, or could not be mailed to: the SMTP binding takes no letters beyond ASCII before the `@`.
 *
 * @example normalEmail('USER@BÜCHER.example') // 'user@xn--bcher-kva.example'
 */
export function normalEmail(text: string): string | undefined {
  const address = text.normalize('NFC').trim()
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(0, at)).toLowerCase()
  const written = address.slice(at + 1)
  if (!localPart.test(local) || local.length > longestLocalPart) return undefined
  if (!writtenDomain.test(written)) return undefined
  const host = domainToASCII(written)
  // an A-label that stands for nothing stays as it is
  if (!domain.test(host) || /(^|\.)xn--/.test(domainToUnicode(host))) return undefined
  const normal = `${local}@${host}`
  return normal.length <= longestAddress ? normal : undefined
}

export const Email = z
  .string()
  .max(1_000, { error: 'at most 254 octets', abort: true })
  .overwrite((text) => normalEmail(text) ?? text)
  .refine((text) => normalEmail(text) === text, 'an e-mail address, such as ada@example.com')
  .openapi({ format: 'idn-email', maxLength: longestAddress, example: 'ada@example.com' })
