import type { CategoryCount } from '@sidecart/catalog/contract.ts'
import { Link } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import type { Listing } from '../api/queries.ts'
import { ComponentSelection, TextField } from '../ui/field.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { centsOf } from './listing.ts'

type FiltersProps = {
  listing: Listing
  categories: readonly CategoryCount[]
  onChange: (next: Listing) => void
}

/** Beside the products on wide screens, folded above them on narrow screens. */
export function Filters(props: FiltersProps) {
  const { category, minPrice, maxPrice, inStock } = props.listing
  const chosen = [category, minPrice ?? maxPrice, inStock].filter(Boolean).length
  return (
    <aside className="filters" aria-label="Filters">
      <details className="filters-folded">
        <summary>Filters{chosen > 0 && ` (${chosen})`}</summary>
        <FilterFields {...props} />
      </details>
      <div className="filters-open">
        <FilterFields {...props} />
      </div>
    </aside>
  )
}

function FilterFields({ listing, categories, onChange }: FiltersProps) {
  const { category: _, ...everywhere } = listing
  return (
    <div className="stack">
      <nav aria-label="Categories">
        <h2>Categories</h2>
        <ul className="category-links">
          <li>
            <Link
              to="/shop"
              search={everywhere}
              activeOptions={{ includeSearch: true, exact: true }}
            >
              All
            </Link>
          </li>
          {categories.length === 0 && !listing.q && <Skeleton height="21rem" />}
          {categories.map(({ category, title, products }) => (
            <li key={category}>
              <Link
                to="/shop"
                search={{ ...listing, category }}
                activeOptions={{ includeSearch: true, exact: true }}
              >
                {title} <span className="soft small">{products}</span>
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <PriceRange
        key={`${listing.minPrice}-${listing.maxPrice}`}
        listing={listing}
        onChange={onChange}
      />
      <ComponentSelection
        label="Only what is in stock"
        checked={listing.inStock ?? false}
        onChange={({ target }) => onChange({ ...listing, inStock: target.checked || undefined })}
      />
    </div>
  )
}

const shown = (cents: number | undefined): string =>
  cents === undefined ? '' : String(cents / 100)

function PriceRange({ listing, onChange }: Omit<FiltersProps, 'categories'>) {
  function apply(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    const typed = new FormData(event.currentTarget)
    const minPrice = centsOf(String(typed.get('min')))
    const maxPrice = centsOf(String(typed.get('max')))
    if (minPrice !== listing.minPrice || maxPrice !== listing.maxPrice)
      onChange({ ...listing, minPrice, maxPrice })
  }
  const submit = ({ target }: { target: HTMLInputElement }) => target.form?.requestSubmit()
  return (
    <form onSubmit={apply}>
      <fieldset className="price-range">
        <legend>Price in euro</legend>
        <TextField
          label="From"
          name="min"
          inputMode="decimal"
          defaultValue={shown(listing.minPrice)}
          onBlur={submit}
        />
        <TextField
          label="To"
          name="max"
          inputMode="decimal"
          defaultValue={shown(listing.maxPrice)}
          onBlur={submit}
        />
        <button type="submit" className="unseen">
          Apply the price range
        </button>
      </fieldset>
    </form>
  )
}
