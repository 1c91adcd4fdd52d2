import type { CategoryCount, Product } from '@sidecart/catalog/contract.ts'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { newestQuery } from '../api/queries.ts'
import { buttonClass } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { Outage } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Picture } from './picture.tsx'
import { ProductGrid, ProductGridSkeleton } from './product-card.tsx'
import './home.css'

export function Home() {
  const { data, isError } = useQuery(newestQuery())
  useTitle('Things worth keeping')
  const products = data?.items ?? []
  return (
    <>
      <Hero products={oneOfEach(products)} />
      <div className="page home">
        {isError && !data && <Outage what="The catalogue" />}
        <Categories categories={data?.facets.category} products={products} />
        <section className="stack">
          <div className="section-head">
            <h2>Just in</h2>
            <Link to="/shop" search={{ sort: 'newest' }}>
              Everything new
            </Link>
          </div>
          {data ? (
            <ProductGrid products={products.slice(0, 8)} />
          ) : (
            <ProductGridSkeleton count={8} />
          )}
        </section>
        <Promises />
      </div>
    </>
  )
}

function Hero({ products }: { products: readonly Product[] }) {
  const shown = [0, 1, 2, 3, 4, 5].map((place) => products[place])
  return (
    <section className="hero">
      <div className="hero-words">
        <h1>Things worth keeping.</h1>
        <p>
          Mugs, lamps, bags and bells: well made, honestly priced, and easy to mend. For the
          kitchen, the desk and the way between.
        </p>
        <Link to="/shop" className={buttonClass()}>
          See all products <Icon name="arrow" size={18} />
        </Link>
      </div>
      <div className="hero-pictures" aria-hidden="true">
        {shown.map((product, place) =>
          product ? (
            <Link key={product.sku} to="/item/$sku" params={{ sku: product.sku }} tabIndex={-1}>
              <Picture sku={product.sku} eager fetchPriority={place === 0 ? 'high' : 'auto'} />
            </Link>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: a place that waits for its picture
            <span key={place} className="picture skeleton" />
          ),
        )}
      </div>
    </section>
  )
}

function Categories({
  categories,
  products,
}: {
  categories: readonly CategoryCount[] | undefined
  products: readonly Product[]
}) {
  const pictureOf = (category: string) => products.find((one) => one.category === category)?.sku
  return (
    <section className="stack">
      <div className="section-head">
        <h2>Look around</h2>
      </div>
      <ul className="categories">
        {!categories && <CategorySkeletons />}
        {categories?.map(({ category, title, products: count }) => (
          <li key={category}>
            <Link to="/shop" search={{ category }}>
              <Picture sku={pictureOf(category) ?? ''} />
              <span>{title}</span>
              <span className="soft small">{count}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}

const CategorySkeletons = () =>
  Array.from({ length: 10 }, (_, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
    <li key={place} aria-hidden="true">
      <span className="picture skeleton" />
      <Skeleton height="1.5rem" width="60%" />
    </li>
  ))

const promises = [
  ['truck', 'Delivered in two to four days', 'All over Europe, without shipping costs.'],
  ['box', 'Thirty days to think it over', 'Ask for your money back with one press.'],
  ['card', 'Nobody pays twice', 'If anything fails on the way, it is undone by itself.'],
] as const

function Promises() {
  return (
    <ul className="promises">
      {promises.map(([icon, title, text]) => (
        <li key={title}>
          <Icon name={icon} size={26} />
          <h3>{title}</h3>
          <p className="soft">{text}</p>
        </li>
      ))}
    </ul>
  )
}

/** Returns the newest product of each category, for variety. */
function oneOfEach(products: readonly Product[]): Product[] {
  const seen = new Set<string>()
  return products.filter(({ category }) => !seen.has(category) && seen.add(category))
}
