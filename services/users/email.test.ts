import { describe, expect, test } from 'vitest'
import { Email, normalEmail } from './email.ts'

const as = (local: number, domain: number) =>
  `${`${'l'.repeat(local)}@${`${'d'.repeat(60)}.`.repeat(9)}`.slice(0, local + 1 + domain - 4)}.com`

describe('an e-mail address has one normal form', () => {
  test.each([
    [' Ada@Example.COM ', 'ada@example.com'],
    ['USER@BÜCHER.example', 'user@xn--bcher-kva.example'],
    ['user@bu\u0308cher.example', 'user@xn--bcher-kva.example'],
    ['user@XN--BCHER-KVA.example', 'user@xn--bcher-kva.example'],
    ['user@例え。jp', 'user@xn--r8jz45g.jp'],
    ['user@ｅxample.com', 'user@example.com'],
    ['user@straße.de', 'user@xn--strae-oqa.de'],
    ['user@почта.рф', 'user@xn--80a1acny.xn--p1ai'],
    ['a&b=c/d@example.com', 'a&b=c/d@example.com'],
    ["o'brien+tag@example.com", "o'brien+tag@example.com"],
    ["!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"],
    ['first.last@sub.example.co.uk', 'first.last@sub.example.co.uk'],
    ['x@1and1.com', 'x@1and1.com'],
  ])('%s', (given, normal) => {
    expect(Email.parse(given)).toBe(normal)
    expect(Email.parse(normal)).toBe(normal)
  })

  test('letters that look alike are different domains, and show it', () => {
    expect(normalEmail('ada@pаypal.com')).toMatch(/@xn--/)
    expect(normalEmail('ada@pаypal.com')).not.toBe(normalEmail('ada@paypal.com'))
  })
})

describe('lengths are those of RFC 5321, in octets of the normal form', () => {
  test.each([
    ['64 octets before the @', as(64, 20), true],
    ['65 octets before the @', as(65, 20), false],
    ['254 octets', as(64, 189), true],
    ['255 octets', as(64, 190), false],
    ['a label of 63', `a@${'b'.repeat(63)}.com`, true],
    ['a label of 64', `a@${'b'.repeat(64)}.com`, false],
    ['a label that is too long as an A-label', `a@${'ü'.repeat(60)}.com`, false],
  ])('%s', (_, address, taken) => {
    expect(Email.safeParse(address).success).toBe(taken)
  })
})

describe('refuses', () => {
  test.each([
    ['no @', 'ada.example.com'],
    ['two @', 'a@b@example.com'],
    ['nothing before the @', '@example.com'],
    ['nothing after the @', 'ada@'],
    ['a single label', 'ada@example'],
    ['a dot at the start', '.ada@example.com'],
    ['a dot at the end', 'ada.@example.com'],
    ['two dots', 'a..b@example.com'],
    ['two dots in the domain', 'ada@example..com'],
    ['a quoted local part', '"ada lovelace"@example.com'],
    ['a comment', 'ada(x)@example.com'],
    ['a display name', 'Ada <ada@example.com>'],
    ['a second recipient', 'ada@example.com;eve@example.com'],
    ['a second recipient after a comma', 'ada@example.com,eve@example.com'],
    ['a header', 'ada@example.com\r\nBcc: eve@example.com'],
    ['NUL', 'ada\u0000@example.com'],
    ['a bidirectional override', 'ada@exa\u202emple.com'],
    ['a zero-width joiner', 'ada@exa\u200dmple.com'],
    [
      'letters beyond ASCII before the @, which the SMTP binding cannot mail to',
      'jörg@example.com',
    ],
    ['a Cyrillic a before the @', 'аda@example.com'],
    ['an address literal', 'ada@[127.0.0.1]'],
    ['an IPv4 address', 'ada@127.0.0.1'],
    ['an IPv4 address in disguise', 'ada@0x7f.1'],
    ['percent-encoding', 'ada@ex%61mple.com'],
    ['a label that begins with a hyphen', 'ada@-example.com'],
    ['an underscore in the domain', 'ada@ex_ample.com'],
    ['an invalid A-label', 'ada@xn--a.com'],
    ['a numeric top-level domain', 'ada@example.123'],
    ['an emoji domain’s invisible variant', 'ada@☃\ufe0f\u200d.net'],
  ])('%s', (_, address) => {
    expect(Email.safeParse(address).success).toBe(false)
  })
})
