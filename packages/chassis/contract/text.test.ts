import { describe, expect, test } from 'vitest'
import { line, paragraph, secret, token } from './text.ts'

const cp = (...codes: number[]) => String.fromCodePoint(...codes)
const bad: [string, string][] = [
  ['NUL', 'a\u0000b'],
  ['a line feed', 'a\nb'],
  ['escape', 'a\u001b[31mb'],
  ['DEL', 'a\u007fb'],
  ['a C1 control', 'a\u0085b'],
  ['a right-to-left override', 'a\u202eb'],
  ['an isolate', 'a\u2066b'],
  ['a right-to-left mark', 'a\u200fb'],
  ['an Arabic letter mark', 'a\u061cb'],
  ['a zero-width space', 'a\u200bb'],
  ['a word joiner', 'a\u2060b'],
  ['a joiner between Latin letters', 'a\u200db'],
  ['a non-joiner between Latin letters', 'a\u200cb'],
  ['a byte order mark', 'a\ufeffb'],
  ['a soft hyphen', 'a\u00adb'],
  ['a Hangul filler', 'a\u3164b'],
  ['a combining grapheme joiner', 'a\u034fb'],
  ['a blank Braille pattern', 'a\u2800b'],
  ['a tag character', `a${cp(0xe0041)}b`],
  ['a variation selector on a letter', 'a\ufe0fb'],
  ['a line separator', 'a\u2028b'],
  ['half of a surrogate pair', 'a\ud800b'],
  ['the other half', 'a\udc00b'],
  ['a noncharacter', 'a\uffffb'],
  ['private use', 'a\ue000b'],
  ['an object replacement', 'a\ufffcb'],
  ['bytes that were not UTF-8', 'a\ufffdb'],
  ['an interlinear annotation', 'a\ufff9b'],
]

describe('one line of text', () => {
  test.each(bad)('refuses %s', (_, text) => {
    expect(line(10).safeParse(text).success).toBe(false)
  })

  test.each([
    ['composes', 'Ame\u0301lie', 'Amélie'],
    ['trims', '  Ada\t', 'Ada'],
    ['makes spaces of any kind one', 'Ada\u00a0\u3000 Lovelace', 'Ada Lovelace'],
    ['leaves apostrophes and hyphens', 'O’Brien-Smith', 'O’Brien-Smith'],
    ['leaves a non-joiner inside a Persian word', 'علی\u200cرضا', 'علی\u200cرضا'],
    ['leaves a joiner inside a Sinhala word', 'ශ්\u200dරී', 'ශ්\u200dරී'],
    ['leaves emoji', '👩\u200d🚀 ☕\ufe0f', '👩\u200d🚀 ☕\ufe0f'],
    ['leaves right-to-left scripts', 'מרים', 'מרים'],
  ])('%s', (_, given, kept) => {
    expect(line(40).parse(given)).toBe(kept)
  })

  test('is as long as its characters, not as its code units', () => {
    expect(line(3).parse('👍👍👍')).toBe('👍👍👍')
    expect(line(3).safeParse('👍👍👍👍').success).toBe(false)
    expect(line(1).parse('e\u0301')).toBe('é')
    expect(line(1).safeParse('   ').success).toBe(false)
    expect(line(10, { min: 0 }).parse(' ')).toBe('')
  })
})

describe('a paragraph', () => {
  test('keeps newlines and tabs, and makes other line ends newlines', () => {
    expect(paragraph(40).parse(' one\r\n\ttwo\rthree\n')).toBe('one\n\ttwo\nthree')
  })

  test.each(bad.filter(([name]) => name !== 'a line feed'))('refuses %s', (_, text) => {
    expect(paragraph(10).safeParse(text).success).toBe(false)
  })
})

describe('a token', () => {
  test.each(bad)('refuses %s', (_, text) => {
    expect(token(10).safeParse(text).success).toBe(false)
  })

  test.each(['', 'é', 'x'.repeat(11)])('refuses %j', (text) => {
    expect(token(10).safeParse(text).success).toBe(false)
  })
})

describe('a password', () => {
  test('is the same however its letters were composed, and is not trimmed', () => {
    const password = secret({ min: 3, max: 10 })
    expect(password.parse(' e\u0301a ')).toBe(' éa ')
    expect(password.safeParse('abc\u0000').success).toBe(false)
    expect(password.safeParse('abc\ud800').success).toBe(false)
    expect(password.safeParse('👍👍').success).toBe(false)
  })
})
