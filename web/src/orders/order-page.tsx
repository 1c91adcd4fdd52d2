import type { OrderView } from '@sidecart/orders/contract.ts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { AddressLines } from '../account/address-form.tsx'
import { isOutage } from '../api/problem.ts'
import { historyQuery } from '../api/queries.ts'
// carts: optional
import { cartQuery } from '../cart/server-cart.ts'
// /carts
import { usePrices } from '../cart/use-products.ts'
import { endPurchase } from '../checkout/purchase.ts'
import { NotFound } from '../shop/not-found.tsx'
import { Picture } from '../shop/picture.tsx'
import { formatMoment, formatTime } from '../ui/dates.ts'
import { formatMoney } from '../ui/money.ts'
import { Outage } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Actions } from './actions.tsx'
import { Progress } from './progress.tsx'
import { isDecided } from './status.ts'
import { useLiveOrder } from './use-live-order.ts'
import './orders.css'

const route = getRouteApi('/mine/account/orders/$orderId')

export function OrderPage() {
  const { orderId } = route.useParams()
  const { data: order, error, live, over } = useLiveOrder(orderId)
  // carts: optional
  useCartAfter(order)
  // /carts
  useEndOfPurchase(order)
  if (!order && error && !isOutage(error)) return <NotFound what="order" />
  return (
    <Page
      title={titleOf(order)}
      lead={order && `Order ${shortId(orderId)} of ${formatMoment(order.placedAt)}`}
    >
      <div className="stack">
        {error && <Outage what="This order" />}
        {!order && !error && <Skeleton height="16rem" />}
        {order && (
          <>
            <Progress order={order} live={live} over={over} />
            <Actions order={order} />
            <Contents order={order} />
            <History order={order} />
            <p className="soft small">
              What every service did about it:{' '}
              <Link to="/ops/orders/$orderId" params={{ orderId }}>
                the story of order {shortId(orderId)}
              </Link>
              , for operators.
            </p>
          </>
        )}
      </div>
    </Page>
  )
}

/** Ids of the same minute begin alike; their ends differ. */
const shortId = (orderId: string): string => orderId.slice(-8)

function titleOf(order: OrderView | undefined): string {
  if (!order) return 'Your order'
  switch (order.status) {
    case 'placed':
    case 'reserved':
    case 'charged':
      return 'Thank you! One moment…'
    case 'confirmed':
      return 'Thank you! It is yours'
    case 'shipped':
      return 'It is on its way'
    case 'delivered':
      return 'It has arrived'
    case 'cancelling':
    case 'cancelled':
      return 'This order was cancelled'
    case 'refunding':
    case 'refunded':
      return 'Your money comes back'
    case 'needs_attention':
      return 'We are looking at it'
  }
}

// carts: optional
/**
 * Refreshes the cart after confirmation. The ordered lines leave the cart moments later, or much
 * later after a broker outage.
 */
function useCartAfter(order: OrderView | undefined): void {
  const queries = useQueryClient()
  const confirmed = order?.status === 'confirmed'
  useEffect(() => {
    if (!confirmed) return
    const { queryKey } = cartQuery()
    const look = () => void queries.invalidateQueries({ queryKey })
    const timers = [300, 1_500, 5_000, 15_000, 60_000].map((ms) => setTimeout(look, ms))
    return () => timers.forEach(clearTimeout)
  }, [confirmed, queries])
}
// /carts

/** Ends the purchase after the customer has seen the outcome, to permit the next one. */
function useEndOfPurchase(order: OrderView | undefined): void {
  const orderId = order && isDecided(order.status) ? order.orderId : undefined
  useEffect(() => {
    if (orderId) endPurchase(orderId)
  }, [orderId])
}

function Contents({ order }: { order: OrderView }) {
  const { priced } = usePrices(order.lines)
  return (
    <section className="card order-contents" aria-label="What was ordered">
      <ul>
        {order.lines.map(({ sku, quantity, name, unitPrice }, index) => (
          <li key={sku}>
            <Picture sku={sku} />
            <span>
              <Link to="/item/$sku" params={{ sku }}>
                {name ?? priced[index]?.product?.name ?? sku}
              </Link>
              <span className="soft small"> × {quantity}</span>
            </span>
            <span className="amount">
              {unitPrice && formatMoney({ ...unitPrice, amount: unitPrice.amount * quantity })}
            </span>
          </li>
        ))}
        {order.total && (
          <li className="total">
            <span>Total</span>
            <span className="amount">{formatMoney(order.total)}</span>
          </li>
        )}
      </ul>
      <div className="order-address">
        <h2>Goes to</h2>
        <AddressLines address={order.shipTo} />
      </div>
    </section>
  )
}

function History({ order: { orderId, version } }: { order: OrderView }) {
  const { data } = useQuery(historyQuery(orderId, version))
  return (
    <details className="history">
      <summary>Step by step</summary>
      <ol>
        {data?.map(({ version: entry, step, detail, at }) => (
          <li key={entry}>
            <time dateTime={at}>{formatTime(at)}</time>
            <span>
              {step}
              {detail && <span className="soft"> ({detail})</span>}
            </span>
          </li>
        ))}
      </ol>
    </details>
  )
}
