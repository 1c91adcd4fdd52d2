import { Link } from '@tanstack/react-router'
import { useSignedIn } from '../api/use-session.ts'
import { OpenPurchase } from '../checkout/already-ordered.tsx'
import { Picture } from '../shop/picture.tsx'
import { buttonClass } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { formatMoney } from '../ui/money.ts'
import { Notice, Outage } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Quantity } from '../ui/quantity.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useCart, useChangeCart } from './use-cart.ts'
import { isOrderable, type PricedLine, usePrices } from './use-products.ts'
import './cart.css'

export function CartPage() {
  const { lines, loading, unreachable } = useCart()
  const prices = usePrices(lines)
  if (lines.length === 0 && !loading && !unreachable) return <EmptyCart />
  return (
    <Page title="Your cart">
      <div className="stack">
        <OpenPurchase />
        {unreachable && <Outage what="Your cart" />}
        {prices.unreachable && <Outage what="The catalogue, which knows the prices," />}
      </div>
      <div className="cart">
        <ul className="cart-lines">
          {loading && <Skeleton height="7rem" />}
          {prices.priced.map((line) => (
            <CartLine key={line.sku} line={line} />
          ))}
        </ul>
        {lines.length > 0 && <Summary {...prices} />}
      </div>
    </Page>
  )
}

function CartLine({ line }: { line: PricedLine }) {
  const { sku, quantity, product } = line
  const change = useChangeCart()
  const set = (wanted: number) => change({ kind: 'set', sku, quantity: wanted, seen: quantity })
  const name = product?.name ?? sku
  return (
    <li className="cart-line">
      <Picture sku={sku} />
      <div className="cart-line-words">
        <h2>
          <Link to="/item/$sku" params={{ sku }}>
            {product || line.gone ? name : <NameToCome sku={sku} />}
          </Link>
        </h2>
        {product && <p className="price">{formatMoney(product.price)}</p>}
        <Trouble line={line} />
      </div>
      <div className="cart-line-tools">
        <Quantity of={name} value={quantity} onChange={set} />
        <button
          type="button"
          className="icon-button"
          aria-label={`Remove ${name}`}
          onClick={() => set(0)}
        >
          <Icon name="bin" />
        </button>
      </div>
      <p className="cart-line-sum">
        {product && formatMoney({ ...product.price, amount: product.price.amount * quantity })}
      </p>
    </li>
  )
}

const NameToCome = ({ sku }: { sku: string }) => (
  <>
    <span className="unseen">{sku}</span>
    <Skeleton height="1.5rem" width="60%" />
  </>
)

function Trouble({ line }: { line: PricedLine }) {
  if (line.gone) return <p className="stock none">No longer sold: please remove it</p>
  if (!line.product || isOrderable(line)) return null
  const { available } = line.product
  return (
    <p className="stock none">
      {available === 0 ? 'Sold out: please remove it' : `Only ${available} left`}
    </p>
  )
}

function Summary({ total, orderable }: Pick<ReturnType<typeof usePrices>, 'total' | 'orderable'>) {
  const signedIn = useSignedIn()
  return (
    <aside className="card summary stack" aria-label="Summary">
      <dl>
        <div>
          <dt>Shipping</dt>
          <dd>Free</dd>
        </div>
        <div className="total">
          <dt>Total</dt>
          <dd>{total ? formatMoney(total) : <Skeleton height="1.5rem" width="5rem" />}</dd>
        </div>
      </dl>
      {orderable ? (
        <Link to="/checkout" className={buttonClass(undefined, true)}>
          {signedIn ? 'Go to checkout' : 'Sign in and check out'}
        </Link>
      ) : (
        total && <Notice tone="warn">Something in here cannot be ordered as it is.</Notice>
      )}
      <p className="soft small">VAT included. The price is fixed when you order.</p>
    </aside>
  )
}

function EmptyCart() {
  return (
    <Page title="Your cart">
      <OpenPurchase />
      <div className="empty">
        <EmptyCartPicture />
        <h2>It is still empty</h2>
        <p className="soft">Whatever you put in stays there, also when you come back later.</p>
        <Link to="/shop" className={buttonClass()}>
          Find something
        </Link>
      </div>
    </Page>
  )
}

function EmptyCartPicture() {
  return (
    <svg viewBox="0 0 160 120" aria-hidden="true">
      <ellipse cx="80" cy="108" rx="52" ry="5" fill="var(--sunken)" />
      <g fill="none" stroke="var(--line-strong)" strokeWidth="3" strokeLinejoin="round">
        <path d="M40 48h80l-9 52a6 6 0 0 1-6 5H55a6 6 0 0 1-6-5l-9-52Z" fill="var(--surface)" />
        <path d="M62 48c0-22 7-32 18-32s18 10 18 32" strokeLinecap="round" />
        <path d="M44 68h72M47 86h66M64 50l4 54M80 50v54M96 50l-4 54" strokeWidth="1.500" />
      </g>
      <path
        d="m80 62 3 7 7 .6-5.400 4.800 1.700 7.200-6.300-4-6.300 4 1.700-7.200-5.400-4.800 7-.6Z"
        fill="var(--accent-soft)"
        stroke="var(--accent)"
        strokeWidth="2"
      />
    </svg>
  )
}
