import { describe, expect, it } from 'vitest'
import { applied, decide, type Line, merged, piecesIn, withQuantity } from './lines.ts'

const lines: Line[] = [
  { sku: 'MUG', quantity: 2 },
  { sku: 'LAMP', quantity: 1 },
]

describe('a change of the cart', () => {
  it('adds to what is there', () => {
    expect(applied(lines, { kind: 'add', sku: 'MUG', quantity: 3 })).toEqual([
      { sku: 'MUG', quantity: 5 },
      { sku: 'LAMP', quantity: 1 },
    ])
  })

  it('adds at most to 999', () => {
    expect(decide({ kind: 'add', sku: 'MUG', quantity: 998 }, lines)).toBe(999)
  })

  it('sets the quantity that somebody saw to another one', () => {
    expect(decide({ kind: 'set', sku: 'MUG', quantity: 4, seen: 2 }, lines)).toBe(4)
  })

  it('does not overwrite a quantity that nobody has seen', () => {
    expect(decide({ kind: 'set', sku: 'MUG', quantity: 4, seen: 1 }, lines)).toBeUndefined()
  })

  it('is content when somebody else made the same change', () => {
    expect(decide({ kind: 'set', sku: 'MUG', quantity: 2, seen: 1 }, lines)).toBe(2)
  })

  it('takes the line away when none is wanted', () => {
    expect(withQuantity(lines, 'MUG', 0)).toEqual([{ sku: 'LAMP', quantity: 1 }])
  })
})

describe('two carts become one', () => {
  const others: Line[] = [
    { sku: 'LAMP', quantity: 3 },
    { sku: 'VASE', quantity: 1 },
  ]

  it('with everything that is in either, and the larger quantity of what is in both', () => {
    expect(merged(lines, others)).toEqual([
      { sku: 'MUG', quantity: 2 },
      { sku: 'LAMP', quantity: 3 },
      { sku: 'VASE', quantity: 1 },
    ])
  })

  it('and stay the same when it happens again', () => {
    expect(merged(merged(lines, others), others)).toEqual(merged(lines, others))
    expect(piecesIn(merged(lines, others))).toBe(6)
  })
})
