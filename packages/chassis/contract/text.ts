import { z } from '@hono/zod-openapi'

/*
 * Rules for text from outside. Every string of a request has one of these rules, an enum, or an anchored pattern;
 * tests/architecture/text.test.ts probes each string of every contract.
 */

/**
 * Characters that no reader can see or no database can store: control characters, line and paragraph separators,
 * bidirectional and invisible characters, private use, half of a surrogate pair, and U+FFFD (bytes that were not
 * UTF-8).
 */
const unreadable =
  /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffd]/u

/** Invisible characters with a meaning: joiners inside words of some scripts and inside emoji, and U+FE0F. */
const meaningfulInvisible = new RegExp(
  [
    String.raw`(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}])[\u200c\u200d](?=\p{L})`,
    String.raw`(?<=\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d(?=\p{Extended_Pictographic})`,
    String.raw`(?<=\p{Extended_Pictographic})\ufe0f`,
  ].join('|'),
  'gu',
)

const isReadable = (text: string): boolean =>
  !unreadable.test(text.replace(meaningfulInvisible, ''))

const oneLine = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/\p{Zs}+/gu, ' ')
    .trim()

const manyLines = (text: string): string => text.normalize('NFC').replace(/\r\n?/g, '\n').trim()

const lengthOf = (text: string): number => [...text].length

/** Lengths count characters (code points), as PostgreSQL and JSON Schema do. */
const text = (
  normalise: (text: string) => string,
  { min, max, valid }: { min: number; max: number; valid: (text: string) => boolean },
) =>
  z
    .string()
    .max(max * 8, { error: `at most ${max} characters`, abort: true })
    .overwrite(normalise)
    .refine((text) => lengthOf(text) >= min, {
      error: min === 1 ? 'required' : `at least ${min} characters`,
      abort: true,
    })
    .refine((text) => lengthOf(text) <= max, { error: `at most ${max} characters`, abort: true })
    .refine(valid, { error: 'no control, bidirectional or invisible characters', abort: true })
    .openapi({ minLength: min, maxLength: max })

/**
 * One line of readable text, such as a name or a reason: trimmed, NFC, each run of spaces one space.
 *
 * @example const Name = line(100)
 */
export const line = (max: number, { min = 1 } = {}) =>
  text(oneLine, { min, max, valid: isReadable })

/** Readable text of several lines: as `line`, with `\n` and tabs; other line ends become `\n`. */
export const paragraph = (max: number, { min = 1 } = {}) =>
  text(manyLines, { min, max, valid: (text) => isReadable(text.replace(/[\n\t]/g, '')) })

/**
 * A string made by a machine and sent back unchanged: printable ASCII, such as an idempotency key, a token or a
 * cursor.
 */
export const token = (max: number) =>
  z
    .string()
    .max(max, { abort: true })
    .regex(/^[\x20-\x7e]+$/, 'printable ASCII, at least one character')

/**
 * A password, as in RFC 8265: NFC, each space U+0020, no invisible characters, never trimmed. Lengths count
 * characters.
 */
export const secret = ({ min, max }: { min: number; max: number }) =>
  text((text) => text.normalize('NFC').replace(/\p{Zs}/gu, ' '), { min, max, valid: isReadable })
