import { describe, expect, test } from 'vitest'
import { type Cart, clear, onlyIf, put, remove, revised, takeOut, unused } from './domain.ts'

const mug = { sku: 'MUG-BLUE', quantity: 2 }
const tea = { sku: 'TEA-GREEN', quantity: 5 }
const cart: Cart = { revision: 'r1', lines: [mug, tea], orders: [] }
const now = Date.parse('2026-03-01T12:00:00Z')

describe('a cart', () => {
  test('has so many of a product as was asked for last', () => {
    expect(put(unused, mug, now).lines).toEqual([mug])
    expect(put(cart, { ...mug, quantity: 7 }, now).lines).toEqual([{ ...mug, quantity: 7 }, tea])
  })

  test('does not change when nothing does', () => {
    expect(put(cart, { ...mug }, now)).toBe(cart)
    expect(remove(cart, 'SOMETHING-ELSE')).toBe(cart)
    expect(clear(unused)).toBe(unused)
  })

  test('holds at most 50 products, and those it holds can still be changed', () => {
    const lines = Array.from({ length: 50 }, (_, n) => ({ sku: `SKU-${n}`, quantity: 1 }))
    const full = { ...cart, lines }
    expect(() => put(full, mug, now)).toThrow(expect.objectContaining({ code: 'cart-full' }))
    expect(put(full, { sku: 'SKU-0', quantity: 9 }, now).lines[0]).toEqual({
      sku: 'SKU-0',
      quantity: 9,
    })
  })

  test('lets go of a product, or of all', () => {
    expect(remove(cart, mug.sku).lines).toEqual([tea])
    expect(clear({ ...cart, orders: ['o1'] })).toEqual({ ...cart, lines: [], orders: ['o1'] })
  })
})

describe('a purchase', () => {
  test('is one from the first product put in, whatever is changed since', () => {
    const first = revised(put(unused, mug, now), 'r1')
    expect(first.cartId).toBe('r1')
    expect(revised(remove(put(first, tea, now), mug.sku), 'r2').cartId).toBe('r1')
  })

  test('ends with an empty cart', () => {
    const empty = revised(clear({ ...cart, cartId: 'r1' }), 'r2')
    expect(empty).not.toHaveProperty('cartId')
    expect(revised(put(empty, mug, now), 'r3').cartId).toBe('r3')
  })
})

describe('a confirmed order', () => {
  test('takes what was ordered and leaves what was added since', () => {
    const after = takeOut(cart, { orderId: 'o1', lines: [mug, { ...tea, quantity: 3 }] }, now)
    expect(after).toEqual({ ...cart, lines: [{ ...tea, quantity: 2 }], orders: ['o1'] })
  })

  test('of more than there is takes what there is', () => {
    expect(takeOut(cart, { orderId: 'o1', lines: [{ ...mug, quantity: 9 }] }, now).lines).toEqual([
      tea,
    ])
  })

  test('takes once, also from a cart that was emptied and filled again', () => {
    const after = put(clear(takeOut(cart, { orderId: 'o1', lines: [mug] }, now)), mug, now)
    expect(takeOut(after, { orderId: 'o1', lines: [mug] }, now)).toBe(after)
  })

  test('made from this cart makes what stays another purchase', () => {
    const named = { ...cart, cartId: 'c1' }
    const left = takeOut(named, { orderId: 'o1', lines: [mug], cartId: 'c1' }, now)
    expect(left).not.toHaveProperty('cartId')
    expect(revised(left, 'r2')).toMatchObject({ cartId: 'r2', lines: [tea] })
  })

  test('made elsewhere leaves the purchase what it is', () => {
    const named = { ...cart, cartId: 'c1' }
    expect(takeOut(named, { orderId: 'o1', lines: [mug] }, now).cartId).toBe('c1')
    expect(takeOut(named, { orderId: 'o1', lines: [mug], cartId: 'c0' }, now).cartId).toBe('c1')
  })

  const order = { orderId: 'o1', lines: [mug], confirmedAt: now }

  test('changes no empty cart, and no cart begun later when its event comes again', () => {
    expect(takeOut(unused, order, now + 1)).toBe(unused)
    const later = revised(put(unused, mug, now + 1), 'r1')
    expect(takeOut(later, order, now + 2)).toBe(later)
    const more = revised(put(later, tea, now + 3), 'r2')
    expect(takeOut(more, order, now + 4)).toBe(more)
  })

  test('takes out of a cart begun before it, and of the cart that it names whatever the clocks say', () => {
    const begun = revised(put(unused, mug, now), 'r1')
    expect(takeOut(begun, order, now + 1).lines).toEqual([])
    const later = revised(put(unused, mug, now + 1_000), 'r1')
    expect(takeOut(later, { ...order, cartId: 'r1' }, now + 1_001).lines).toEqual([])
  })

  test('takes out of a cart that was stored before carts knew when they began', () => {
    expect(takeOut(cart, order, now + 1)).toMatchObject({ lines: [tea], orders: ['o1'] })
  })

  test('is remembered by an empty cart when it does not say when it was confirmed, or says the future', () => {
    const { confirmedAt, ...untimed } = order
    expect(takeOut(unused, untimed, now).orders).toEqual(['o1'])
    expect(takeOut(unused, { ...order, confirmedAt: now + 1 }, now).orders).toEqual(['o1'])
    expect(takeOut(unused, order, now).orders).toEqual(['o1'])
  })

  test('that ends a cart ends its beginning, too', () => {
    const begun = revised(put(unused, mug, now), 'r1')
    const ended = revised(takeOut(begun, order, now + 1), 'r2')
    expect(ended).not.toHaveProperty('begunAt')
    expect(put(ended, tea, now + 9).begunAt).toBe(now + 9)
  })

  test('is forgotten after 50 others', () => {
    let after = cart
    for (let n = 0; n < 51; n += 1) after = takeOut(after, { orderId: `o${n}`, lines: [] }, now)
    expect(after.orders).toHaveLength(50)
    expect([after.orders[0], after.orders.at(-1)]).toEqual(['o50', 'o1'])
  })
})

describe('a condition', () => {
  test.each(['"r1"', '"r0", "r1"', '*', undefined])('%s lets the change pass', (given) => {
    expect(onlyIf(given, clear)(cart).lines).toEqual([])
  })

  test.each(['"r0"', 'W/"r1"', 'r1', ''])('%s does not', (given) => {
    expect(() => onlyIf(given, clear)(cart)).toThrow(
      expect.objectContaining({ code: 'etag-mismatch' }),
    )
  })
})
