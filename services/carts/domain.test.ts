import { describe, expect, test } from 'vitest'
import { type Basket, clear, onlyIf, put, remove, takeOut, unused } from './domain.ts'

const mug = { sku: 'MUG-BLUE', quantity: 2 }
const tea = { sku: 'TEA-GREEN', quantity: 5 }
const basket: Basket = { revision: 'r1', lines: [mug, tea], orders: [] }

describe('a basket', () => {
  test('has so many of a product as was said last', () => {
    expect(put(unused, mug).lines).toEqual([mug])
    expect(put(basket, { ...mug, quantity: 7 }).lines).toEqual([{ ...mug, quantity: 7 }, tea])
  })

  test('does not change when nothing does', () => {
    expect(put(basket, { ...mug })).toBe(basket)
    expect(remove(basket, 'SOMETHING-ELSE')).toBe(basket)
    expect(clear(unused)).toBe(unused)
  })

  test('holds at most 50 products, and those it holds can still be changed', () => {
    const lines = Array.from({ length: 50 }, (_, n) => ({ sku: `SKU-${n}`, quantity: 1 }))
    const full = { ...basket, lines }
    expect(() => put(full, mug)).toThrow(expect.objectContaining({ code: 'cart-full' }))
    expect(put(full, { sku: 'SKU-0', quantity: 9 }).lines[0]).toEqual({ sku: 'SKU-0', quantity: 9 })
  })

  test('lets go of a product, or of all', () => {
    expect(remove(basket, mug.sku).lines).toEqual([tea])
    expect(clear({ ...basket, orders: ['o1'] })).toEqual({ ...basket, lines: [], orders: ['o1'] })
  })
})

describe('a confirmed order', () => {
  test('takes what was ordered and leaves what was added since', () => {
    const after = takeOut(basket, 'o1', [mug, { ...tea, quantity: 3 }])
    expect(after).toEqual({ ...basket, lines: [{ ...tea, quantity: 2 }], orders: ['o1'] })
  })

  test('of more than there is takes what there is', () => {
    expect(takeOut(basket, 'o1', [{ ...mug, quantity: 9 }]).lines).toEqual([tea])
  })

  test('takes once, also from a basket that was emptied and filled again', () => {
    const after = put(clear(takeOut(basket, 'o1', [mug])), mug)
    expect(takeOut(after, 'o1', [mug])).toBe(after)
  })

  test('is remembered by an unused basket', () => {
    expect(takeOut(unused, 'o1', [mug]).orders).toEqual(['o1'])
  })

  test('is forgotten after 50 others', () => {
    let after = basket
    for (let n = 0; n < 51; n += 1) after = takeOut(after, `o${n}`, [])
    expect(after.orders).toHaveLength(50)
    expect([after.orders[0], after.orders.at(-1)]).toEqual(['o50', 'o1'])
  })
})

describe('a condition', () => {
  test.each(['"r1"', '"r0", "r1"', 'W/"r1"', '*', undefined])(
    '%s lets the change pass',
    (given) => {
      expect(onlyIf(given, clear)(basket).lines).toEqual([])
    },
  )

  test.each(['"r0"', 'r1', ''])('%s does not', (given) => {
    expect(() => onlyIf(given, clear)(basket)).toThrow(
      expect.objectContaining({ code: 'etag-mismatch' }),
    )
  })
})
