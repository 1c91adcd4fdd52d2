import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type Listing, productsQuery } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Outage } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { Filters } from './filters.tsx'
import { sorts } from './listing.ts'
import { EmptyShelf } from './not-found.tsx'
import { ProductGrid, ProductGridSkeleton } from './product-card.tsx'
import './browse.css'

const route = getRouteApi('/shop')

export function Browse() {
  const listing = route.useSearch()
  const navigate = useNavigate()
  const { data, isError, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery(productsQuery(listing))
  const pages = data?.pages ?? []
  const products = pages.flatMap(({ items }) => items)
  const categories = pages[0]?.facets.category ?? []
  const title = titleOf(listing, categories)
  useTitle(title)
  const show = (next: Listing) => void navigate({ to: '/shop', search: next, replace: true })
  return (
    <div className="page browse">
      <header className="browse-head">
        <h1>{title}</h1>
        <p className="soft" role="status">
          {data && countOf(pages[0]?.total ?? 0)}
        </p>
        <SortBy listing={listing} onChange={show} />
      </header>
      <Filters listing={listing} categories={categories} onChange={show} />
      <section className="stack" aria-busy={isPlaceholderData}>
        <h2 className="unseen">Products</h2>
        {isError && <Outage what="The catalogue" />}
        {!data && !isError && <ProductGridSkeleton count={12} />}
        {data && products.length === 0 && <NothingFound onClear={() => show({})} />}
        <ProductGrid products={products} eager={4} />
        {hasNextPage && (
          <div className="more">
            <p className="soft small">
              {products.length} of {pages[0]?.total} shown
            </p>
            <Button look="quiet" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show more
            </Button>
          </div>
        )}
      </section>
    </div>
  )
}

function titleOf(
  { q, category, sort }: Listing,
  categories: readonly { category: string; title: string }[],
): string {
  if (q) return `“${q}”`
  if (category) return categories.find((one) => one.category === category)?.title ?? 'Products'
  return sort === 'newest' ? 'New products' : 'All products'
}

const countOf = (total: number): string => (total === 1 ? '1 product' : `${total} products`)

function SortBy({ listing, onChange }: { listing: Listing; onChange: (next: Listing) => void }) {
  const offered = sorts.filter(({ value }) => value !== 'relevance' || listing.q)
  const chosen = listing.sort ?? (listing.q ? 'relevance' : 'name')
  return (
    <label className="sort-by">
      <span className="soft small">Sort by</span>
      <select
        className="input"
        value={chosen}
        onChange={({ target }) => {
          const sort = offered.find(({ value }) => value === target.value)?.value
          onChange({ ...listing, sort })
        }}
      >
        {offered.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  )
}

function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <div className="empty">
      <EmptyShelf />
      <h2>Nothing on this shelf</h2>
      <p className="soft">No product matches all of this. Try another word, or fewer filters.</p>
      <Button look="quiet" onClick={onClear}>
        Show everything
      </Button>
    </div>
  )
}
