import type { Product } from '@sidecart/catalog/contract.ts'
import { Link } from '@tanstack/react-router'
import { useChangeCart } from '../cart/use-cart.ts'
import { Icon } from '../ui/icon.tsx'
import { formatMoney } from '../ui/money.ts'
import { Skeleton } from '../ui/skeleton.tsx'
import { toast } from '../ui/toasts.tsx'
import { Picture } from './picture.tsx'
import './product-card.css'

const few = 5

export function ProductCard({ product, eager = false }: { product: Product; eager?: boolean }) {
  const { sku, name, price, inStock } = product
  return (
    <article className="product-card">
      <Picture sku={sku} eager={eager} />
      <h3>
        <Link to="/item/$sku" params={{ sku }}>
          {name}
        </Link>
      </h3>
      <p className="price">{formatMoney(price)}</p>
      <Stock product={product} />
      {inStock && <QuickAdd product={product} />}
    </article>
  )
}

/** Shows the stock only when low or zero. */
export function Stock({ product: { available, inStock, discontinued } }: { product: Product }) {
  if (discontinued) return <p className="stock none">No longer made</p>
  if (!inStock) return <p className="stock none">Out of stock</p>
  if (available <= few) return <p className="stock low">Only {available} left</p>
  return null
}

function QuickAdd({ product: { sku, name } }: { product: Product }) {
  const change = useChangeCart()
  return (
    <button
      type="button"
      className="quick-add"
      aria-label={`Add ${name} to the cart`}
      onClick={() => {
        change({ kind: 'add', sku, quantity: 1 })
        toastAdded(name)
      }}
    >
      <Icon name="plus" />
    </button>
  )
}

export const toastAdded = (name: string): void =>
  toast(
    <>
      {name} is in your <Link to="/shop/cart">cart</Link>
    </>,
  )

/** As many products as there is room for, in equal columns. */
export function ProductGrid({
  products,
  eager = 0,
}: {
  products: readonly Product[]
  eager?: number
}) {
  return (
    <ul className="product-grid">
      {products.map((product, index) => (
        <li key={product.sku}>
          <ProductCard product={product} eager={index < eager} />
        </li>
      ))}
    </ul>
  )
}

export function ProductGridSkeleton({ count }: { count: number }) {
  return (
    <div className="product-grid" role="status" aria-label="Loading products">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <div key={index} className="product-card">
          <span className="picture skeleton" />
          <Skeleton height="1.25rem" width="75%" />
          <Skeleton height="1.25rem" width="30%" />
        </div>
      ))}
    </div>
  )
}
