import { z } from '@sidecart/chassis/contract/openapi.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'
import { Sku, type Sort } from './contract.ts'

/** A place in a sorted list: after the product with this sort key and sku. */
export type Place = { key: string | number; sku: string }

const Cursor = z.union([
  z.tuple([z.literal('name'), z.string(), Sku]),
  z.tuple([z.enum(['relevance', 'price', '-price', 'newest']), z.int(), Sku]),
])

/** Opaque to callers: they hand back what they were given. */
export const cursorFor = (sort: Sort, { key, sku }: Place): string =>
  Buffer.from(JSON.stringify([sort, key, sku])).toString('base64url')

/** @throws Refusal `invalid-cursor` when it was not made for this sort order */
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
