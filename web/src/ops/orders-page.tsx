import type { OrderStatus, OrderView, Saga } from '@sidecart/orders/contract.ts'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { authenticated } from '../api/client.ts'
import { mine } from '../api/queries.ts'
import { Badge } from '../orders/progress.tsx'
import { canCancel } from '../orders/status.ts'
import { Button } from '../ui/button.tsx'
import { formatTime } from '../ui/dates.ts'
import { formatMoney } from '../ui/money.ts'
import { Outage } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { toast } from '../ui/toasts.tsx'
import { brief } from './error-summary.ts'
import { allOrdersQuery, type OrderSearch, sagasQuery } from './queries.ts'
import '../orders/orders.css'
import { Scrolling } from './scrolling.tsx'

/** Orders in progress or parked, and all other orders. */
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

/**
 * Finds an order by its id or the last characters of the id, as shown to customers on pages and in
 * mails.
 */
function FindOrder() {
  const navigate = useNavigate()
  const queries = useQueryClient()
  async function find(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    const typed = String(new FormData(event.currentTarget).get('orderId')).trim().toLowerCase()
    if (!typed) return
    const search = allOrdersQuery({ q: typed, states: [], day: '' })
    const found = await queries.fetchInfiniteQuery(search).catch(() => undefined)
    const matches = found?.pages[0]?.orders ?? []
    const orderId =
      matches.find((order) => order.orderId.endsWith(typed) || order.orderId.startsWith(typed))
        ?.orderId ?? typed
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
      <h2 id="under-way">In progress</h2>
      {isError && !data && <Outage what="The list" />}
      {data?.length === 0 && <p className="soft">No order is in progress.</p>}
      {data && data.length > 0 && (
        <Scrolling label="Orders in progress">
          <table>
            <thead>
              <tr>
                <th>Placed</th>
                <th>Order</th>
                <th>State</th>
                <th>Last step</th>
                <th>Failed attempts</th>
                <th>Next attempt</th>
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

type Action =
  | 'resume'
  | 'cancel'
  | 'refund'
  | 'ship'
  | 'deliver'
  | 'return/approve'
  | 'return/receive'

/** An operator's action on an order. */
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
    mutationFn: () => authenticated({ method: 'post', path: `/orders/${orderId}/${action}` }),
    onError: (error) => toast(error.message),
    onSettled: () => queries.invalidateQueries({ queryKey: [...mine(), 'ops'] }),
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
  'placed',
  'reserved',
  'charged',
  'confirmed',
  'shipped',
  'delivered',
  'cancelling',
  'cancelled',
  'refunding',
  'refunded',
  'needs_attention',
]

function AllOrders() {
  const [search, setSearch] = useState<OrderSearch>({ q: '', states: [], day: '' })
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    allOrdersQuery(search),
  )
  const orders = data?.pages.flatMap((page) => page.orders)
  return (
    <section className="stack" aria-labelledby="all-orders">
      <h2 id="all-orders">All orders, newest first</h2>
      <OrderFilters search={search} onChange={setSearch} />
      {error && !data && (
        <Outage what="The list">
          <p>{error.message}</p>
        </Outage>
      )}
      {orders?.length === 0 && <p className="soft">No such orders.</p>}
      {orders && orders.length > 0 && (
        <Scrolling label="Table of all orders">
          <table>
            <thead>
              <tr>
                <th>Placed</th>
                <th>Order</th>
                <th>Customer</th>
                <th>Items</th>
                <th className="number">Total</th>
                <th>State</th>
                <th>
                  <span className="unseen">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {orders.map((order) => (
                <OrderRow key={order.orderId} order={order} />
              ))}
            </tbody>
          </table>
        </Scrolling>
      )}
      {hasNextPage && (
        <div>
          <Button look="quiet" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </section>
  )
}

type FiltersProps = { search: OrderSearch; onChange: (search: OrderSearch) => void }

function OrderFilters({ search, onChange }: FiltersProps) {
  const toggle = (state: OrderStatus) =>
    onChange({
      ...search,
      states: search.states.includes(state)
        ? search.states.filter((one) => one !== state)
        : [...search.states, state],
    })
  return (
    <div className="stack">
      <div className="row">
        <input
          className="input fitting"
          type="search"
          aria-label="Name, e-mail or order id"
          placeholder="Name, e-mail or order id"
          maxLength={200}
          value={search.q}
          onChange={({ target }) => onChange({ ...search, q: target.value })}
        />
        <input
          className="input fitting"
          type="date"
          aria-label="Placed on"
          value={search.day}
          onChange={({ target }) => onChange({ ...search, day: target.value })}
        />
      </div>
      <fieldset className="row choices">
        <legend className="unseen">In which states</legend>
        {states.map((state) => (
          <label key={state} className="row tight small">
            <input
              type="checkbox"
              checked={search.states.includes(state)}
              onChange={() => toggle(state)}
            />
            {state}
          </label>
        ))}
      </fieldset>
    </div>
  )
}

function OrderRow({
  order: { orderId, placedAt, lines, total, status, reason, shipTo },
}: {
  order: OrderView
}) {
  return (
    <tr>
      <td>{formatTime(placedAt)}</td>
      <td>
        <OrderLink orderId={orderId} />
      </td>
      <td>{shipTo.name}</td>
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
