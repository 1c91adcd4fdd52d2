import type { Product } from '@sidecart/catalog/contract.ts'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { isOutage } from '../api/problem.ts'
import { productQuery, productsQuery } from '../api/queries.ts'
import { useChangeCart } from '../cart/use-cart.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { formatMoney } from '../ui/money.ts'
import { Outage } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { Quantity } from '../ui/quantity.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { NotFound } from './not-found.tsx'
import { Picture } from './picture.tsx'
import { ProductGrid, ProductGridSkeleton, Stock, toastAdded } from './product-card.tsx'
import './product.css'

const route = getRouteApi('/item/$sku')

export function ProductPage() {
  const { sku } = route.useParams()
  const { data: product, error } = useQuery(productQuery(sku))
  useTitle(product?.name ?? 'Product')
  if (error && !product && !isOutage(error)) return <NotFound what="product" />
  return (
    <div className="page">
      <article className="product">
        <div className="product-picture">
          <Picture key={sku} sku={sku} alt={product?.name ?? ''} eager fetchPriority="high" />
        </div>
        <div className="product-words">
          {error && !product && <h1>This product</h1>}
          {error && <Outage what="The catalogue" />}
          {product ? <Words key={sku} product={product} /> : !error && <WordsSkeleton />}
        </div>
      </article>
      {!error && <More like={product} />}
    </div>
  )
}

function Words({ product }: { product: Product }) {
  const { name, description, category, price, sku } = product
  return (
    <>
      <nav aria-label="Where this is" className="crumbs soft small">
        <Link to="/shop">All products</Link>
        <span aria-hidden="true">/</span>
        <Link to="/shop" search={{ category }}>
          {titleOf(category)}
        </Link>
      </nav>
      <h1>{name}</h1>
      <p className="product-price">{formatMoney(price)}</p>
      <p className="product-description">{description}</p>
      <Stock product={product} />
      <Add product={product} />
      <ul className="product-events">
        <li>
          <Icon name="truck" /> Delivered in two to four days, without shipping costs
        </li>
        <li>
          <Icon name="box" /> Money back within thirty days
        </li>
        <li className="soft small">Article {sku}</li>
      </ul>
    </>
  )
}

const titleOf = (category: string): string =>
  category.charAt(0).toUpperCase() + category.slice(1).replaceAll('-', ' ')

function Add({ product: { sku, name, inStock } }: { product: Product }) {
  const [quantity, setQuantity] = useState(1)
  const change = useChangeCart()
  if (!inStock) return <p className="soft">Have another look in a few days; we restock often.</p>
  return (
    <div className="row">
      <Quantity of={name} value={quantity} onChange={setQuantity} />
      <Button
        onClick={() => {
          change({ kind: 'add', sku, quantity })
          toastAdded(name)
        }}
      >
        <Icon name="cart" /> Add to cart
      </Button>
    </div>
  )
}

/** The space is reserved from the start, so that nothing moves when the products arrive. */
function More({ like }: { like: Product | undefined }) {
  const { data, isError } = useInfiniteQuery({
    ...productsQuery({ category: like?.category }),
    enabled: like !== undefined,
  })
  const [first] = (like && data?.pages) ?? []
  const others = first?.items.filter(({ sku }) => sku !== like?.sku).slice(0, 4)
  if (isError || others?.length === 0) return null
  return (
    <section className="stack more-like-this">
      <h2>Goes well with it</h2>
      {others ? <ProductGrid products={others} /> : <ProductGridSkeleton count={4} />}
    </section>
  )
}

function WordsSkeleton() {
  return (
    <div className="stack" role="status" aria-label="Loading the product">
      <Skeleton height="1rem" width="40%" />
      <Skeleton height="3rem" width="80%" />
      <Skeleton height="1.5rem" width="25%" />
      <Skeleton height="6rem" />
      <Skeleton height="2.75rem" width="60%" />
    </div>
  )
}
