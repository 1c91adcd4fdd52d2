import type { Sort } from '@sidecart/catalog/contract.ts'
import type { Listing } from '../api/queries.ts'

export const sorts: readonly { value: Sort; label: string }[] = [
  { value: 'relevance', label: 'Best match' },
  { value: 'newest', label: 'Newest' },
  { value: 'price', label: 'Price: low to high' },
  { value: '-price', label: 'Price: high to low' },
  { value: 'name', label: 'Name' },
]

/** Parses the list's URL parameters; invalid values are left out. */
export function readListing(search: Record<string, unknown>): Listing {
  const q = textOf(search.q)
  const category = textOf(search.category)
  const sort = sorts.find(({ value }) => value === search.sort)?.value
  const minPrice = priceOf(search.minPrice)
  const maxPrice = priceOf(search.maxPrice)
  return {
    ...(q && { q: q.slice(0, 200) }),
    ...(/^[a-z]+(-[a-z]+)*$/.test(category) && { category }),
    ...(sort && !(sort === 'relevance' && !q) && { sort }),
    ...(minPrice !== undefined && { minPrice }),
    ...(maxPrice !== undefined && { maxPrice }),
    ...((search.inStock === true || search.inStock === 'true') && { inStock: true }),
  }
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''

/** Cents. */
function priceOf(value: unknown): number | undefined {
  const cents = textOf(value) === '' ? Number.NaN : Number(value)
  return Number.isInteger(cents) && cents >= 0 && cents <= 999_999_999 ? cents : undefined
}

/** Parses a typed price in euros to cents: `19`, `19.90`, `19,90`. */
export function centsOf(typed: string): number | undefined {
  const text = typed.trim().replace(',', '.').replace(/^€\s*/, '')
  return /^\d{1,7}(\.\d{1,2})?$/.test(text) ? Math.round(Number(text) * 100) : undefined
}
