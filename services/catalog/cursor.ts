import { z } from '@sidecart/chassis/contract/openapi.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import { Sku, type Sort } from './contract.ts'

/** A position in a sorted list: after the product with this sort key and sku. */
export type Place = { key: string | number; sku: string }

const Cursor = z.union([
  z.tuple([z.literal('name'), z.string(), Sku]),
  z.tuple([z.enum(['relevance', 'price', '-price', 'newest']), z.int(), Sku]),
])

/** Encodes a position. Opaque to callers, who send the cursor back unchanged. */
export const cursorFor = (sort: Sort, { key, sku }: Place): string =>
  Buffer.from(JSON.stringify([sort, key, sku])).toString('base64url')

/** Decodes a cursor. @throws Refusal `invalid-cursor` if made for another sort order */
export function placeOf(cursor: string, sort: Sort): Place {
  const read = Cursor.safeParse(parse(Buffer.from(cursor, 'base64url').toString()))
  if (!read.success || read.data[0] !== sort)
    throw refused(
      'invalid-cursor',
      `Not a cursor of a list sorted by ${sort}; start at the first page.`,
    )
  const [, key, sku] = read.data
  return { key, sku }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
