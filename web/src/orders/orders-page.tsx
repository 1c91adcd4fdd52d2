import type { OrderView } from '@sidecart/orders/contract.ts'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ordersQuery } from '../api/queries.ts'
import { EmptyShelf } from '../shop/not-found.tsx'
import { Picture } from '../shop/picture.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { formatDay } from '../ui/dates.ts'
import { formatMoney } from '../ui/money.ts'
import { Outage } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Badge } from './progress.tsx'
import './orders.css'

export function OrdersPage() {
  const { data, isError, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    ordersQuery(),
  )
  const orders = data?.pages.flatMap((page) => page.orders) ?? []
  return (
    <Page title="Orders">
      <div className="stack">
        {isError && <Outage what="Your orders" />}
        {!data && !isError && <Skeleton height="12rem" />}
        {data && orders.length === 0 && <NoOrders />}
        <ul className="order-cards">
          {orders.map((order) => (
            <li key={order.orderId}>
              <OrderCard order={order} />
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <div>
            <Button look="quiet" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show older ones
            </Button>
          </div>
        )}
      </div>
    </Page>
  )
}

const shownPictures = 4

function OrderCard({ order }: { order: OrderView }) {
  const { orderId, lines, placedAt, status, total } = order
  const more = lines.length - shownPictures
  return (
    <article className="card order-card">
      <div className="order-pictures">
        {lines.slice(0, shownPictures).map(({ sku }) => (
          <Picture key={sku} sku={sku} />
        ))}
        {more > 0 && <span className="soft">+{more}</span>}
      </div>
      <div>
        <h2>
          <Link to="/account/orders/$orderId" params={{ orderId }}>
            {titleOf(lines)}
          </Link>
        </h2>
        <p className="soft small">
          {formatDay(placedAt)}
          {total && ` · ${formatMoney(total)}`}
        </p>
      </div>
      <Badge status={status} />
    </article>
  )
}

/** Names are known once the stock is reserved. */
function titleOf(lines: OrderView['lines']): string {
  const [first] = lines
  const more = lines.length - 1
  const name = first?.name ?? first?.sku ?? 'Order'
  return more > 0 ? `${name} and ${more} more` : name
}

function NoOrders() {
  return (
    <div className="empty">
      <EmptyShelf />
      <h2>No orders yet</h2>
      <p className="soft">The first one will stand here, with everything that happens to it.</p>
      <Link to="/shop" className={buttonClass()}>
        Find something
      </Link>
    </div>
  )
}
