import { describe, expect, it } from 'vitest'
import { centsOf, readListing } from './listing.ts'

describe('the address of a list', () => {
  it('says what is searched, filtered and sorted', () => {
    const search = { q: ' mug ', category: 'kitchen', sort: '-price', minPrice: 500, inStock: true }
    expect(readListing(search)).toEqual({ ...search, q: 'mug' })
  })

  it.each([
    [{ sort: 'cheapest' }],
    [{ minPrice: -1 }],
    [{ maxPrice: 'many' }],
    [{ category: '../users' }],
    [{ inStock: 'maybe' }],
    [{ sort: 'relevance' }],
    [{ q: '' }],
  ])('leaves out %o', (search) => {
    expect(readListing(search)).toEqual({})
  })
})

it.each([
  ['19', 1900],
  ['19.9', 1990],
  ['19,90', 1990],
  ['€ 5', 500],
  ['-1', undefined],
  ['a lot', undefined],
  ['', undefined],
])('%s is so many cents: %s', (typed, cents) => {
  expect(centsOf(typed)).toBe(cents)
})
