import type {
  DuplicateOrder,
  OrderView,
  ordersRoutes,
  PlaceOrder,
  PriceChanged,
} from '@sidecart/orders/contract.ts'
import type { Address, PostalAddress, usersRoutes } from '@sidecart/users/contract.ts'
import { useQueryClient } from '@tanstack/react-query'
import { Link, Navigate, useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { ask } from '../api/client.ts'
import { isOutage, isProblem } from '../api/problem.ts'
import { addressesQuery, productQuery } from '../api/queries.ts'
import { useUser } from '../api/use-session.ts'
import { localCart } from '../cart/local-cart.ts'
import { useCart } from '../cart/use-cart.ts'
import { usePrices } from '../cart/use-products.ts'
import { Picture } from '../shop/picture.tsx'
import { Button } from '../ui/button.tsx'
import { formatMoney } from '../ui/money.ts'
import { Notice, Outage, Refused } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useForm } from '../ui/use-form.ts'
import { AlreadyOrdered } from './already-ordered.tsx'
import { Cards, defaultCard } from './cards.tsx'
import { beginPurchase, endPurchase, keyFor, noteOrder, type Purchase } from './purchase.ts'
import { ShipTo, shipToFrom, useAddressBook } from './ship-to.tsx'
import { findOrder, useOpenPurchase } from './use-purchase.ts'
import '../cart/cart.css'
import './checkout.css'

export function Checkout() {
  const { lines, loading, unreachable, underWay, cartId } = useCart()
  const prices = usePrices(lines)
  const book = useAddressBook()
  const before = useOpenPurchase()
  // products added after ordering would stay in the cart
  const waits = book.loading || underWay
  const { faults, busy, problem, submit, ordered, risen, onceMore } = useCheckout({
    prices,
    saved: book.saved,
    waits,
    cartId,
    before,
  })
  if (lines.length === 0 && !loading && !unreachable && !ordered.current)
    return <Navigate to="/shop/cart" replace />
  return (
    <Page title="Checkout">
      <form className="checkout" noValidate onSubmit={submit}>
        <div className="stack checkout-parts">
          {unreachable && <Outage what="Your cart" />}
          {prices.unreachable && <Outage what="The catalogue, which knows the prices," />}
          <section className="card">
            <ShipTo book={book} faults={faults} />
          </section>
          <section className="card">
            <Cards />
          </section>
        </div>
        {lines.length > 0 && (
          <aside className="card summary stack" aria-label="Your order">
            <Lines {...prices} />
            {risen.length > 0 && <Risen prices={risen} />}
            {before && !ordered.current && (
              <AlreadyOrdered order={before}>
                {before.status !== 'cancelled' && (
                  <Button
                    type="submit"
                    look="quiet"
                    busy={busy || waits}
                    onClick={() => onceMore(before.orderId)}
                  >
                    Order once more
                  </Button>
                )}
              </AlreadyOrdered>
            )}
            <Refused problem={isAnsweredAbove(problem) ? undefined : problem} />
            {prices.orderable ? (
              <Button type="submit" wide busy={busy || waits}>
                {prices.total ? `Order and pay ${formatMoney(prices.total)}` : 'Order'}
              </Button>
            ) : (
              prices.total && (
                <Notice tone="warn">
                  Something cannot be ordered as it is. <Link to="/shop/cart">Change the cart</Link>
                </Notice>
              )
            )}
            <p className="soft small">
              You pay exactly this, or nothing: if a price has changed meanwhile, nothing is
              charged. Pressed again after a lost answer, it stays one order.
            </p>
          </aside>
        )}
      </form>
    </Page>
  )
}

const isAnsweredAbove = (problem: unknown): boolean =>
  isProblem(problem, 'price-changed') || isProblem(problem, 'duplicate-order')

type Prices = ReturnType<typeof usePrices>
type NewPrice = { name: string; was: string; now: string }

function Risen({ prices }: { prices: readonly NewPrice[] }) {
  return (
    <Notice tone="warn">
      <p>
        <strong>A price has changed; nothing was ordered.</strong> Order again to accept it:
      </p>
      <ul>
        {prices.map(({ name, was, now }) => (
          <li key={name}>
            {name}: {now} instead of {was}
          </li>
        ))}
      </ul>
    </Notice>
  )
}

type Ordering = {
  prices: Prices
  saved: readonly Address[]
  waits: boolean
  cartId: string | undefined
  /** The existing order of this purchase, if known. */
  before: OrderView | undefined
}

function useCheckout({ prices: { priced, total }, saved, waits, cartId, before }: Ordering) {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const user = useUser()
  const ordered = useRef(false)
  const again = useRef<string>(undefined)
  const [risen, setRisen] = useState<readonly NewPrice[]>([])

  const form = useForm(async (values) => {
    const confirmed = again.current
    again.current = undefined
    if (!total || waits || !user) return
    // shown as cancelled, so another order is a new purchase
    if (before?.status === 'cancelled') endPurchase(before.orderId)
    const { shipTo, keep } = shipToFrom(values, saved)
    const lines = priced.map(({ sku, quantity }) => ({ sku, quantity }))
    const card = values.card ?? defaultCard
    const purchase = beginPurchase(user, cartId)
    const order = {
      ...{ lines, shipTo, card, expectedTotal: total, cartId: purchase.id },
      ...(confirmed && { again: confirmed }),
    }
    setRisen([])
    const orderId = await place(user, purchase, order).catch(showNewPrices)
    ordered.current = true
    for (const { sku } of lines) localCart.put(sku, 0)
    await navigate({ to: '/account/orders/$orderId', params: { orderId } })
    if (keep) await keepAddress(keep)
  })

  /** Shows the current prices. Ordering again accepts them. */
  function showNewPrices(error: unknown): never {
    if (isProblem(error, 'price-changed')) {
      const { lines } = error.document as PriceChanged
      const changes = lines.flatMap(({ sku, name, unitPrice }) => {
        const was = priced.find((line) => line.sku === sku)?.product?.price
        queries.setQueryData(
          productQuery(sku).queryKey,
          (product) => product && { ...product, price: unitPrice },
        )
        return was && was.amount !== unitPrice.amount
          ? [{ name, was: formatMoney(was), now: formatMoney(unitPrice) }]
          : []
      })
      setRisen(changes)
    }
    throw error
  }

  /** Saves the address. The order is valid even if saving fails. */
  async function keepAddress(body: PostalAddress): Promise<void> {
    await ask<typeof usersRoutes.addAddress>('post', '/users/me/addresses', {
      body,
      as: user,
    }).catch(() => {})
    await queries.invalidateQueries({ queryKey: addressesQuery().queryKey })
  }

  /** Ordering again then confirms that a second order is wanted. */
  function onceMore(orderId: string): void {
    again.current = orderId
  }
  return { ...form, ordered, risen, onceMore }
}

/**
 * Places the order; repeated calls result in one order. After a lost response, looks for the order
 * of the purchase.
 */
async function place(user: string, purchase: Purchase, order: PlaceOrder): Promise<string> {
  const headers = { 'idempotency-key': keyFor(purchase, order) }
  try {
    const { orderId } = await ask<typeof ordersRoutes.place>('post', '/orders', {
      body: order,
      headers,
      as: user,
      outlivesPage: true,
    })
    noteOrder(user, purchase, orderId)
    return orderId
  } catch (error) {
    if (isProblem(error, 'duplicate-order'))
      noteOrder(user, purchase, (error.document as DuplicateOrder).order.orderId)
    if (!isOutage(error)) throw error
    const { id, nonce } = purchase
    const found = await findOrder({ id, nonce }).catch(() => null)
    if (!found || found.orderId === order.again) throw error
    noteOrder(user, purchase, found.orderId)
    return found.orderId
  }
}

function Lines({ priced, total }: Prices) {
  return (
    <>
      <h2>Your order</h2>
      <ul className="checkout-lines">
        {priced.map(({ sku, quantity, product }) => (
          <li key={sku}>
            <Picture sku={sku} />
            <span>
              {product?.name ?? sku}
              <span className="soft small"> × {quantity}</span>
            </span>
            <span className="amount">
              {product &&
                formatMoney({ ...product.price, amount: product.price.amount * quantity })}
            </span>
          </li>
        ))}
      </ul>
      <dl>
        <div className="total">
          <dt>Total</dt>
          <dd>{total ? formatMoney(total) : <Skeleton height="1.5rem" width="5rem" />}</dd>
        </div>
      </dl>
    </>
  )
}
