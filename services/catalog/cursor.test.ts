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

it('is a place in the list or refused, whatever it holds', { timeout: 60_000 }, () => {
  const json = fc.json().map((text) => Buffer.from(text).toString('base64url'))
  const tuple = fc
    .tuple(
      fc.constantFrom(...Sort.options),
      fc.jsonValue(),
      fc.oneof(fc.constant('MUG'), fc.string()),
    )
    .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'))
  const text = fc.oneof(tuple, json, fc.base64String(), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(fc.constantFrom(...Sort.options), text, (sort, cursor) => {
      try {
        const { key, sku } = placeOf(cursor, sort)
        expect(sku).toMatch(/^[A-Z0-9-]{3,40}$/)
        if (sort === 'name') expect(typeof key).toBe('string')
        else expect(Number.isSafeInteger(key)).toBe(true)
      } catch (error) {
        expect(error).toMatchObject({ name: 'Refusal', code: 'invalid-cursor' })
      }
    }),
    { numRuns: 500 },
  )
})
