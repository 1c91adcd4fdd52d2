import { useQueryClient } from '@tanstack/react-query'
import { Link, Navigate, useNavigate } from '@tanstack/react-router'
import { useRef } from 'react'
import type { ordersRoutes, PlaceOrder } from '../../../services/orders/contract.ts'
import type { Address, usersRoutes } from '../../../services/users/contract.ts'
import { ask } from '../api/client.ts'
import { isOutage } from '../api/problem.ts'
import { addressesQuery } from '../api/queries.ts'
import { localBasket } from '../basket/local-basket.ts'
import { useBasket } from '../basket/use-basket.ts'
import { usePrices } from '../basket/use-products.ts'
import { Picture } from '../shop/picture.tsx'
import { Button } from '../ui/button.tsx'
import { formatMoney } from '../ui/money.ts'
import { Notice, Outage, Refused } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useForm } from '../ui/use-form.ts'
import { attemptIsOver, keyFor } from './attempt.ts'
import { Cards, defaultCard } from './cards.tsx'
import { ShipTo, shipToFrom, useAddressBook } from './ship-to.tsx'
import '../basket/basket.css'
import './checkout.css'

export function Checkout() {
  const { lines, loading, unreachable, underWay } = useBasket()
  const prices = usePrices(lines)
  const book = useAddressBook()
  // what reached the basket after the order would stay in there
  const waits = book.loading || underWay
  const { faults, busy, problem, submit, ordered } = useCheckout(prices, book.saved, waits)
  if (lines.length === 0 && !loading && !unreachable && !ordered.current)
    return <Navigate to="/basket" replace />
  return (
    <Page title="Checkout">
      <form className="checkout" noValidate onSubmit={submit}>
        <div className="stack checkout-parts">
          {unreachable && <Outage what="Your basket" />}
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
            <Refused problem={problem} />
            {prices.orderable ? (
              <Button type="submit" wide busy={busy || waits}>
                {prices.total ? `Order and pay ${formatMoney(prices.total)}` : 'Order'}
              </Button>
            ) : (
              prices.total && (
                <Notice tone="warn">
                  Something cannot be ordered as it is. <Link to="/basket">Change the basket</Link>
                </Notice>
              )
            )}
            <p className="soft small">
              You pay exactly this, or nothing: if a price has changed meanwhile, nothing is
              charged.
            </p>
          </aside>
        )}
      </form>
    </Page>
  )
}

type Prices = ReturnType<typeof usePrices>

function useCheckout({ priced, total }: Prices, saved: readonly Address[], waits: boolean) {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const ordered = useRef(false)

  const form = useForm(async (values) => {
    if (!total || waits) return
    const { shipTo, keep } = shipToFrom(values, saved)
    const lines = priced.map(({ sku, quantity }) => ({ sku, quantity }))
    const card = values.card ?? defaultCard
    const { orderId } = await place({ lines, shipTo, card, expectedTotal: total })
    ordered.current = true
    for (const { sku } of lines) localBasket.put(sku, 0)
    await navigate({ to: '/account/orders/$orderId', params: { orderId } })
    if (keep) await keepAddress(shipTo)
  })

  /** A courtesy: the order stands, whether or not this succeeds. */
  async function keepAddress(body: PlaceOrder['shipTo']): Promise<void> {
    await ask<typeof usersRoutes.addAddress>('post', '/users/me/addresses', { body }).catch(
      () => {},
    )
    await queries.invalidateQueries({ queryKey: addressesQuery().queryKey })
  }
  return { ...form, ordered }
}

/** As often as pressed, it is one order. */
async function place(order: PlaceOrder) {
  const headers = { 'idempotency-key': keyFor(order) }
  try {
    const accepted = await ask<typeof ordersRoutes.place>('post', '/orders', {
      body: order,
      headers,
    })
    attemptIsOver()
    return accepted
  } catch (error) {
    if (!isOutage(error)) attemptIsOver()
    throw error
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
