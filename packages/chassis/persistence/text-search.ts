import { type Kysely, sql } from 'kysely'

/**
 * Creates the SQL function `fold(text)`: lower case, accents removed, ligatures split. Needs no extension, and is
 * immutable, so an index or a generated column may use the function.
 *
 * @example create index people_name on people using gin (to_tsvector('simple', fold(name)))
 */
export async function createFold(db: Kysely<unknown>): Promise<void> {
  await sql.raw(fold).execute(db)
}

const apart = [
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ø', 'o'],
  ['đ', 'd'],
  ['ł', 'l'],
  ['ı', 'i'],
  ['þ', 'th'],
]

/** Combining marks, separated from their letters by NFKD. */
const marks = '[\\u0300-\\u036f]'

const folded = apart.reduce(
  (text, [letter, plain]) => `replace(${text}, '${letter}', '${plain}')`,
  `regexp_replace(normalize(lower(text), nfkd), '${marks}', '', 'g')`,
)

const fold = `create function fold(text text) returns text
  language sql immutable parallel safe strict return ${folded}`

/** Returns a query for whole words and word prefixes of the text; `undefined` when the text has no word. */
export function prefixQuery(text: string): string | undefined {
  const words = text.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  return words.length > 0 ? words.map((word) => `${word}:*`).join(' & ') : undefined
}
