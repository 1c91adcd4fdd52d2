import { z } from '@hono/zod-openapi'

/*
 * Rules for text from outside. Every string of a request has one of these rules, an enum, or an anchored pattern;
 * tests/architecture/text.test.ts probes each string of every contract.
 */

/**
 * Characters that no reader can see or no database can store, as ranges of a character class: control characters, line
 * and paragraph separators, bidirectional and invisible characters, private use, noncharacters, and U+FFFD (bytes that
 * were not UTF-8). Written out up to U+FFFF, because a `pattern` in an API document must mean the same in any language:
 * few have Unicode's properties or `\u{…}`.
 */
const unreadable =
  String.raw`\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f` +
  String.raw`\u2028-\u202e\u2060-\u206f\u2800\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0e\ufeff\uffa0\ufff0-\uffff`
/**
 * Further ones, which documents leave out: beyond U+FFFF, halves of surrogate pairs (which no JSON text in UTF-8 has),
 * and joiners (which have a meaning in some places).
 */
const undocumented = String.raw`\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}`
const anyUnreadable = new RegExp(`[${unreadable}${undocumented}]`, 'u')

/** Joiners with a meaning: inside words of some scripts and inside emoji, and U+FE0F. */
const meaningfulInvisible = new RegExp(
  [
    String.raw`(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}])[\u200c\u200d](?=\p{L})`,
    String.raw`(?<=\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d(?=\p{Extended_Pictographic})`,
    String.raw`(?<=\p{Extended_Pictographic})\ufe0f`,
  ].join('|'),
  'gu',
)

const isReadable = (text: string): boolean =>
  !anyUnreadable.test(text.replace(meaningfulInvisible, ''))

const oneLine = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/\p{Zs}+/gu, ' ')
    .trim()

const manyLines = (text: string): string => text.normalize('NFC').replace(/\r\n?/g, '\n').trim()

const lengthOf = (text: string): number => [...text].length

type Rule = {
  normalise: (text: string) => string
  min: number
  max: number
  valid: (text: string) => boolean
  /** What a document says of the text: a superset, see `undocumented`. */
  pattern: string
}

/**
 * Lengths count characters (code points), as PostgreSQL and JSON Schema do: the longest of what is sent, the shortest
 * of what is left of it.
 */
const text = ({ normalise, min, max, valid, pattern }: Rule) =>
  z
    .string()
    .max(max * 2, { error: `at most ${max} characters`, abort: true })
    .refine((text) => lengthOf(text) <= max, { error: `at most ${max} characters`, abort: true })
    .overwrite(normalise)
    .refine((text) => lengthOf(text) >= min, {
      error: min === 1 ? 'required' : `at least ${min} characters`,
      abort: true,
    })
    .refine(valid, { error: 'no control, bidirectional or invisible characters', abort: true })
    .openapi({ minLength: min, maxLength: max, pattern })

/** Returns the pattern of a text that is trimmed, made of characters outside a class. */
const trimmed = (excluded: string, min: number): string =>
  min === 0
    ? String.raw`^\s*[^${excluded}]*\s*$`
    : String.raw`^\s*[^${excluded}\s][^${excluded}]*\s*$`

/**
 * One line of readable text, such as a name or a reason: trimmed, NFC, each run of spaces one space.
 *
 * @example const Name = line(100)
 */
export const line = (max: number, { min = 1 } = {}) =>
  text({ normalise: oneLine, min, max, valid: isReadable, pattern: trimmed(unreadable, min) })

/** Readable text of several lines: as `line`, with `\n` and tabs; other line ends become `\n`. */
export const paragraph = (max: number, { min = 1 } = {}) =>
  text({
    normalise: manyLines,
    min,
    max,
    valid: (text) => isReadable(text.replace(/[\n\t]/g, '')),
    pattern: trimmed(unreadable.replace(...exceptLines), min),
  })

const exceptLines = [
  String.raw`\u0000-\u001f`,
  String.raw`\u0000-\u0008\u000b\u000c\u000e-\u001f`,
] as const

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
  text({
    normalise: (text) => text.normalize('NFC').replace(/\p{Zs}/gu, ' '),
    min,
    max,
    valid: isReadable,
    pattern: `^[^${unreadable}]*$`,
  })
