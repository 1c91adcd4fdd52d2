import { OpenAPIHono } from '@hono/zod-openapi'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
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
    expect(line(2).parse('e\u0301')).toBe('é')
    expect(line(1).safeParse('   ').success).toBe(false)
    expect(line(10, { min: 0 }).parse(' ')).toBe('')
  })

  test('may not be longer before it is trimmed than a document says', () => {
    expect(line(3).safeParse('abc ').success).toBe(false)
    expect(line(1).safeParse('e\u0301').success).toBe(false)
  })

  test('refuses every character of the classes that Unicode has for what nobody can read', {
    timeout: 60_000,
  }, () => {
    const classes =
      /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffd]/u
    const one = line(3)
    const wrong: string[] = []
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const character = String.fromCodePoint(code)
      if (one.safeParse(`a${character}b`).success === classes.test(character))
        wrong.push(code.toString(16))
    }
    expect(wrong).toEqual([])
  })
})

/** Returns what an API document says of a string. */
function documented(schema: z.ZodType) {
  const app = new OpenAPIHono()
  app.openAPIRegistry.register('Text', schema)
  const info = { openapi: '3.1.0', info: { title: '', version: '' } }
  return app.getOpenAPI31Document(info).components?.schemas?.Text as {
    pattern: string
    minLength: number
    maxLength: number
  }
}

function isDocumented(schema: z.ZodType, text: string): boolean {
  const { pattern, minLength = 0, maxLength } = documented(schema)
  const { length } = [...text]
  return new RegExp(pattern, 'u').test(text) && length >= minLength && length <= maxLength
}

/** Unreadable characters beyond U+FFFF, which documents leave out. */
const isUndocumented = (character: string) =>
  character.length > 1 &&
  /[\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u.test(character)

describe('a document says of a text what is checked', () => {
  /** Characters near the limits of the rules, and any others; no combining ones, whose number may change. */
  const character = fc.oneof(
    fc.constantFrom(...'aZ9é 👍\n\r\t\u00a0\u3000\u2028\u200b\u202e\ufeff\u0000\u007f\ue000'),
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 1 })
      .filter((one) => one.normalize() === one),
  )
  const text = fc
    .array(character, { maxLength: 12 })
    .map((characters) => characters.join(''))
    .filter(
      (text) =>
        text.isWellFormed() &&
        !/\u200c|\u200d|\ufe0f|\p{M}/u.test(text) &&
        ![...text].some(isUndocumented),
    )

  test.each([
    ['a line', line(10)],
    ['a line that may be empty', line(10, { min: 0 })],
    ['a paragraph', paragraph(10)],
    ['a password', secret({ min: 3, max: 10 })],
    ['a token', token(10)],
  ])('%s', (_, schema) => {
    fc.assert(
      fc.property(text, (text) => {
        expect(schema.safeParse(text).success).toBe(isDocumented(schema, text))
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['joiners, of which it does not say where they have a meaning', 'a\u200db'],
    ['unreadable characters beyond U+FFFF', 'a\u{e0041}b'],
  ])('aside from %s', (_, text) => {
    expect(isDocumented(line(10), text)).toBe(true)
    expect(line(10).safeParse(text).success).toBe(false)
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
