import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { OrderStatus, OrderView, Saga } from '../../../services/orders/contract.ts'
import { asMyself } from '../api/client.ts'
import { mine } from '../api/queries.ts'
import { Badge } from '../orders/progress.tsx'
import { canCancel } from '../orders/status.ts'
import { Button } from '../ui/button.tsx'
import { formatMoney } from '../ui/money.ts'
import { Outage } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { toast } from '../ui/toasts.tsx'
import { formatTime } from '../ui/when.ts'
import { brief } from './brief.ts'
import { allOrdersQuery, sagasQuery } from './queries.ts'
import '../orders/orders.css'
import { Scrolling } from './scrolling.tsx'

/** Orders that are under way or wait for somebody, and all the others. */
export function OpsOrders() {
  useTitle('Orders · Operations')
  return (
    <>
      <header className="ops-head">
        <h1>Orders</h1>
        <FindOrder />
      </header>
      <UnderWay />
      <AllOrders />
    </>
  )
}

/** By the whole id, or by its end: that is what customers see, on the page and in mails. */
function FindOrder() {
  const navigate = useNavigate()
  const queries = useQueryClient()
  async function find(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    const typed = String(new FormData(event.currentTarget).get('orderId')).trim().toLowerCase()
    if (!typed) return
    const newest = await queries.fetchQuery(allOrdersQuery(undefined)).catch(() => [])
    const orderId = newest.find((order) => order.orderId.endsWith(typed))?.orderId ?? typed
    await navigate({ to: '/ops/orders/$orderId', params: { orderId } })
  }
  return (
    <form className="row tight" onSubmit={(event) => void find(event)}>
      <label className="unseen" htmlFor="order-id">
        Order id, or its end
      </label>
      <input
        id="order-id"
        name="orderId"
        className="input"
        placeholder="Order id, or its end"
        size={38}
      />
      <Button type="submit" look="quiet">
        Open
      </Button>
    </form>
  )
}

function UnderWay() {
  const { data, isError } = useQuery(sagasQuery())
  return (
    <section className="stack" aria-labelledby="under-way">
      <h2 id="under-way">Not at rest</h2>
      {isError && !data && <Outage what="The list" />}
      {data?.length === 0 && <p className="soft">Every order is at rest.</p>}
      {data && data.length > 0 && (
        <Scrolling label="Orders that are not at rest">
          <table>
            <thead>
              <tr>
                <th>Placed</th>
                <th>Order</th>
                <th>State</th>
                <th>Last step</th>
                <th>Tries in vain</th>
                <th>Next try</th>
                <th>
                  <span className="unseen">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((saga) => (
                <SagaRow key={saga.orderId} saga={saga} />
              ))}
            </tbody>
          </table>
        </Scrolling>
      )}
    </section>
  )
}

function SagaRow({ saga }: { saga: Saga }) {
  const { orderId, status, placedAt, lastStep, lastDetail, failures, nextAttemptAt } = saga
  const parked = status === 'needs_attention'
  return (
    <tr className={parked ? 'parked' : undefined}>
      <td>{formatTime(placedAt)}</td>
      <td>
        <OrderLink orderId={orderId} />
      </td>
      <td>
        <strong>{status}</strong>
      </td>
      <td>
        {lastStep}
        {lastDetail && <span className="soft small"> {brief(lastDetail)}</span>}
      </td>
      <td className="number">{failures || ''}</td>
      <td>{nextAttemptAt && formatTime(nextAttemptAt)}</td>
      <td>
        <span className="row tight">
          {parked && <Act orderId={orderId} action="resume" label="Resume" />}
          {canCancel(status) && <Act orderId={orderId} action="cancel" label="Cancel" />}
        </span>
      </td>
    </tr>
  )
}

const OrderLink = ({ orderId }: { orderId: string }) => (
  <Link to="/ops/orders/$orderId" params={{ orderId }} className="id">
    …{orderId.slice(-12)}
  </Link>
)

type Action = 'resume' | 'cancel' | 'refund' | 'ship' | 'deliver'

/** Something that an operator can do with an order. */
export function Act({
  orderId,
  action,
  label,
}: {
  orderId: string
  action: Action
  label: string
}) {
  const queries = useQueryClient()
  const { mutate, isPending } = useMutation({
    mutationFn: () => asMyself({ method: 'post', path: `/orders/${orderId}/${action}` }),
    onError: (error) => toast(error.message),
    onSettled: () => queries.invalidateQueries({ queryKey: [mine, 'ops'] }),
  })
  return (
    <Button
      look="quiet"
      busy={isPending}
      onClick={() => mutate()}
      aria-label={`${label} order ${orderId}`}
    >
      {label}
    </Button>
  )
}

const states: readonly OrderStatus[] = [
  'confirmed',
  'shipped',
  'delivered',
  'cancelled',
  'refunded',
  'needs_attention',
]

function AllOrders() {
  const [status, setStatus] = useState<OrderStatus>()
  const { data, isError } = useQuery(allOrdersQuery(status))
  return (
    <section className="stack" aria-labelledby="all-orders">
      <div className="ops-head">
        <h2 id="all-orders">Newest</h2>
        <select
          className="input fitting"
          aria-label="In which state"
          value={status ?? ''}
          onChange={({ target }) => setStatus((target.value || undefined) as OrderStatus)}
        >
          <option value="">in every state</option>
          {states.map((state) => (
            <option key={state}>{state}</option>
          ))}
        </select>
      </div>
      {isError && !data && <Outage what="The list" />}
      {data?.length === 0 && <p className="soft">No orders yet.</p>}
      {data && data.length > 0 && (
        <Scrolling label="The newest orders">
          <table>
            <thead>
              <tr>
                <th>Placed</th>
                <th>Order</th>
                <th>What</th>
                <th className="number">Total</th>
                <th>State</th>
                <th>
                  <span className="unseen">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((order) => (
                <OrderRow key={order.orderId} order={order} />
              ))}
            </tbody>
          </table>
        </Scrolling>
      )}
    </section>
  )
}

function OrderRow({
  order: { orderId, placedAt, lines, total, status, reason },
}: {
  order: OrderView
}) {
  return (
    <tr>
      <td>{formatTime(placedAt)}</td>
      <td>
        <OrderLink orderId={orderId} />
      </td>
      <td>{lines.map(({ quantity, name, sku }) => `${quantity} × ${name ?? sku}`).join(', ')}</td>
      <td className="number">{total && formatMoney(total)}</td>
      <td>
        <Badge status={status} /> {reason && <span className="soft small">{reason}</span>}
      </td>
      <td>
        <span className="row tight">
          {status === 'confirmed' && <Act orderId={orderId} action="ship" label="Ship" />}
          {status === 'shipped' && <Act orderId={orderId} action="deliver" label="Deliver" />}
        </span>
      </td>
    </tr>
  )
}
