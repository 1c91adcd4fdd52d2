import { expect, it } from 'vitest'
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
