import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ProductQuery, Sort } from './contract.ts'
import { cursorFor, placeOf } from './cursor.ts'

it('leads back to the place it was made for', () => {
  for (const [sort, key] of [
    ['name', 'enamel mug, “blue”'],
    ['-price', 1490],
  ] as const)
    expect(placeOf(cursorFor(sort, { key, sku: 'MUG' }), sort)).toEqual({ key, sku: 'MUG' })
})

it('is refused for another order, and when it was not made here', () => {
  const forged = Buffer.from('["price","1; drop table","MUG"]').toString('base64url')
  for (const cursor of [cursorFor('name', { key: 'mug', sku: 'MUG' }), forged, 'nonsense', ''])
    expect(() => placeOf(cursor, 'price')).toThrow('Not a cursor of a list sorted by price')
})

it('is accepted by the list whose page it came with, whatever the name is', {
  timeout: 30_000,
}, () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 120 }),
    fc.constant('€"\\\u0001'.repeat(30)),
  )
  fc.assert(
    fc.property(fc.constantFrom(...Sort.options), name, fc.integer(), (sort, text, whole) => {
      const place = { key: sort === 'name' ? text.toWellFormed() : whole, sku: 'A'.repeat(40) }
      const cursor = cursorFor(sort, place)
      expect(ProductQuery.parse({ cursor }).cursor).toBe(cursor)
      expect(placeOf(cursor, sort)).toEqual(place)
    }),
    { numRuns: 50 },
  )
})
