import type { OrderView } from '@sidecart/orders/contract.ts'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { statusOf } from '../orders/status.ts'
import { formatMoment } from '../ui/dates.ts'
import { Notice } from '../ui/notice.tsx'
import { useOpenPurchase } from './use-purchase.ts'

/** Links to the existing order when a user orders again; `children` are further choices. */
export function AlreadyOrdered({ order, children }: { order: OrderView; children?: ReactNode }) {
  const { orderId, placedAt, status } = order
  return (
    <Notice tone={status === 'cancelled' ? 'warn' : 'good'}>
      <p>
        <strong>You have ordered already:</strong> {formatMoment(placedAt)},{' '}
        {statusOf(status).label.toLowerCase()}.
      </p>
      <p className="row tight">
        <Link to="/account/orders/$orderId" params={{ orderId }}>
          See the order
        </Link>
        {children}
      </p>
    </Notice>
  )
}

/** Notice about an order with an outcome not yet seen by the user. */
export function OpenPurchase() {
  const order = useOpenPurchase()
  return order && <AlreadyOrdered order={order} />
}
