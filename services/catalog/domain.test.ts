import { euro } from '@sidecart/chassis/contract/money.ts'
import { describe, expect, it } from 'vitest'
import type { Stock } from './contract.ts'
import {
  adjustStock,
  answerAgain,
  changeProduct,
  countOf,
  mustBeSold,
  type ProductRecord,
  type Reservation,
  sortOf,
  wordsOf,
} from './domain.ts'

const mug: ProductRecord = {
  sku: 'MUG',
  name: 'Mug',
  description: 'Holds coffee.',
  category: 'kitchen',
  price: 1490,
  lowStockAt: 5,
  discontinued: false,
  version: 3,
}
const stock: Stock = { sku: 'MUG', onHand: 10, reserved: 2, sold: 1, lowStockAt: 5 }

describe('changing a product', () => {
  it('raises its version by one and says what it is now', () => {
    const { product, events } = changeProduct(mug, { price: euro(1290), name: 'Big mug' })
    expect(product).toEqual({ ...mug, name: 'Big mug', price: 1290, version: 4 })
    expect(events).toEqual([
      {
        topic: 'catalog-product-changed-v1',
        data: {
          sku: 'MUG',
          name: 'Big mug',
          description: 'Holds coffee.',
          category: 'kitchen',
          price: euro(1290),
          discontinued: false,
          version: 4,
        },
      },
    ])
  })

  it('to what it is already changes nothing and says nothing', () => {
    expect(changeProduct(mug, { price: euro(1490) })).toEqual({ product: mug, events: [] })
    expect(changeProduct(mug, {})).toEqual({ product: mug, events: [] })
  })

  it('is refused when somebody else has changed it since', () => {
    expect(changeProduct(mug, { name: 'Cup' }, '"3"').product.version).toBe(4)
    // an ETag also contains the available stock: a sale in between does not change the product
    for (const seen of ['"3.17"', '"1", "3.0"', '*', '3'])
      expect(changeProduct(mug, { name: 'Cup' }, seen).product.version, seen).toBe(4)
    for (const seen of ['"2"', '"2.3"', 'W/"3"', '33', '"33"', '"3.x"'])
      expect(() => changeProduct(mug, { name: 'Cup' }, seen), seen).toThrow(
        'MUG is at version 3 by now.',
      )
  })
})

describe('adjusting stock', () => {
  const adjust = (delta: number, from = stock) =>
    adjustStock(from, { delta, reason: 'count' }, 'Mug')

  it('moves only what nobody holds', () => {
    expect(adjust(-10).stock).toEqual({ ...stock, onHand: 0 })
    expect(() => adjust(-11)).toThrow('MUG has 10 on hand; 11 cannot be taken.')
  })

  it('says that stock is low only when it falls below the mark, not while it is below', () => {
    expect(adjust(-5).events).toEqual([])
    expect(adjust(-6).events).toEqual([
      {
        topic: 'catalog-stock-low-v1',
        data: { sku: 'MUG', name: 'Mug', onHand: 4, lowStockAt: 5 },
      },
    ])
    expect(adjust(-1, { ...stock, onHand: 4 }).events).toEqual([])
    expect(adjust(1, { ...stock, onHand: 4 }).events).toEqual([])
  })
})

describe('an order that asks again', () => {
  const wanted = [
    { sku: 'JUG', quantity: 1 },
    { sku: 'MUG', quantity: 2 },
  ]
  const reserved: Reservation = {
    status: 'reserved',
    wanted,
    answer: { outcome: 'reserved', lines: [], total: euro(6880) },
  }

  it('gets the answer it got, sold or not, in whatever order it lists its lines', () => {
    expect(answerAgain(reserved, wanted.toReversed())).toBe(reserved.answer)
    expect(answerAgain({ ...reserved, status: 'sold' }, wanted)).toBe(reserved.answer)
  })

  it('gets the refusal it got', () => {
    const answer = { outcome: 'refused', code: 'out-of-stock', sku: 'JUG' } as const
    expect(answerAgain({ status: 'refused', wanted, answer }, wanted)).toBe(answer)
  })

  it('holds nothing once it is released', () => {
    const refusal = { outcome: 'refused', code: 'released' }
    expect(answerAgain({ ...reserved, status: 'released' }, wanted)).toEqual(refusal)
    expect(answerAgain({ ...reserved, status: 'released', wanted: [] }, wanted)).toEqual(refusal)
  })

  it('may not ask for something else', () => {
    const other = [{ sku: 'JUG', quantity: 1 }]
    expect(() => answerAgain(reserved, other)).toThrow('asked for other lines before')
  })
})

describe('a confirmed order', () => {
  it('is sold once, and a contradiction when it holds nothing', () => {
    expect(() => mustBeSold('o-1', 'sold')).not.toThrow()
    for (const status of ['released', 'refused', undefined] as const)
      expect(() => mustBeSold('o-1', status)).toThrow('Order o-1 is confirmed, but its stock is')
  })
})

describe('a list', () => {
  it('is sorted by relevance when there is something to be relevant to', () => {
    expect(sortOf(undefined, 'mug')).toBe('relevance')
    expect(sortOf('price', 'mug')).toBe('price')
    expect(sortOf(undefined, '')).toBe('name')
    expect(sortOf('relevance', '')).toBe('name')
    expect(sortOf('newest', '')).toBe('newest')
  })

  it('is searched by words, whatever stands between them', () => {
    expect(wordsOf("Chef’s knife (20 cm); drop & 'table'")).toEqual([
      'chef',
      's',
      'knife',
      '20',
      'cm',
      'drop',
      'table',
    ])
    expect(wordsOf('  !? ')).toEqual([])
  })

  it('shows categories with a title', () => {
    expect(countOf('garden-tools', 3)).toEqual({
      category: 'garden-tools',
      title: 'Garden tools',
      products: 3,
    })
  })
})
