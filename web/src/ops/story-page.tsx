import type { OrderView } from '@sidecart/orders/contract.ts'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { isProblem } from '../api/problem.ts'
import { Badge } from '../orders/progress.tsx'
import { canCancel, canRefund } from '../orders/status.ts'
import { formatMoment } from '../ui/dates.ts'
import { formatMoney } from '../ui/money.ts'
import { Notice, Outage } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import '../orders/orders.css'
import { RefundPart, RejectReturn } from './order-forms.tsx'
import { Act } from './orders-page.tsx'
import { storyQuery } from './queries.ts'
import './story.css'
import { Scrolling } from './scrolling.tsx'
import { type Happening, type Lane, lanes, timelineOf } from './timeline.ts'

const route = getRouteApi('/mine/ops/orders/$orderId')

/** One order across all services, on one time axis. */
export function StoryPage() {
  useTitle('Order · Operations')
  const { orderId } = route.useParams()
  const { data, error } = useQuery(storyQuery(orderId))
  return (
    <>
      <header className="ops-head">
        <div>
          <h1>An order’s story</h1>
          <p className="id soft">{orderId}</p>
        </div>
        {data && <Summary order={data.order} />}
      </header>
      {!data && !error && <Skeleton height="30rem" />}
      {!data && error && isGone(error) && <Notice>There is no such order.</Notice>}
      {!data && error && !isGone(error) && <Outage what="This order" />}
      {data && <Timeline happenings={timelineOf(data)} viewer={data.trail?.traces} />}
    </>
  )
}

const isGone = (error: unknown) =>
  isProblem(error, 'not-found') || isProblem(error, 'invalid-request')

function Summary({ order }: { order: OrderView }) {
  const { orderId, status, lines, total, placedAt, goodsReturn } = order
  return (
    <div className="row">
      <Badge status={status} />
      <span>
        {lines.map(({ quantity, name, sku }) => `${quantity} × ${name ?? sku}`).join(', ')}
        {total && ` · ${formatMoney(total)}`} · {formatMoment(placedAt)}
      </span>
      {status === 'needs_attention' && <Act orderId={orderId} action="resume" label="Resume" />}
      {canCancel(status) && <Act orderId={orderId} action="cancel" label="Cancel" />}
      {status === 'confirmed' && <Act orderId={orderId} action="ship" label="Ship" />}
      {status === 'shipped' && <Act orderId={orderId} action="deliver" label="Deliver" />}
      {goodsReturn?.status === 'requested' && status !== 'refunded' && (
        <>
          <Act orderId={orderId} action="return/approve" label="Approve the return" />
          <RejectReturn orderId={orderId} />
        </>
      )}
      {goodsReturn?.status === 'approved' && (
        <Act orderId={orderId} action="return/receive" label="The goods are back" />
      )}
      {canRefund(status) && <Act orderId={orderId} action="refund" label="Refund" />}
      {canRefund(status) && <RefundPart order={order} />}
    </div>
  )
}

type TimelineProps = { happenings: readonly Happening[]; viewer: string | undefined }

function Timeline({ happenings, viewer }: TimelineProps) {
  const [first] = happenings
  const used = lanes.filter((lane) => happenings.some((one) => one.lane === lane))
  const traces = [...new Set(happenings.flatMap(({ traceId }) => traceId ?? []))]
  return (
    <>
      <Scrolling label="What happened">
        <table className="story">
          <thead>
            <tr>
              <th>After</th>
              {used.map((lane) => (
                <th key={lane} className="lane" scope="col">
                  {lane}
                </th>
              ))}
              <th>Kind</th>
              <th>What happened</th>
              <th className="number">Money</th>
              <th>Stock</th>
              <th>Trace</th>
            </tr>
          </thead>
          <tbody>
            {happenings.map((one, place) => (
              <Row
                // biome-ignore lint/suspicious/noArrayIndexKey: what has happened keeps its place
                key={place}
                happening={one}
                used={used}
                since={Date.parse(one.at) - Date.parse(first?.at ?? one.at)}
                trace={one.traceId ? traces.indexOf(one.traceId) + 1 : 0}
              />
            ))}
          </tbody>
        </table>
      </Scrolling>
      {traces.length > 0 && (
        <ol className="traces soft small" aria-label="Traces">
          {traces.map((trace, place) => (
            <li key={trace}>
              trace {place + 1}{' '}
              {viewer ? (
                <a href={`${viewer}${trace}`} target="_blank" rel="noreferrer">
                  <code>{trace}</code>
                </a>
              ) : (
                <code>{trace}</code>
              )}
            </li>
          ))}
        </ol>
      )}
    </>
  )
}

type RowProps = { happening: Happening; used: readonly Lane[]; since: number; trace: number }

function Row({ happening, used, since, trace }: RowProps) {
  const { at, lane, kind, what, detail, money, stock } = happening
  return (
    <tr className={kind}>
      <td className="number">
        <time dateTime={at} title={at}>
          {after(since)}
        </time>
      </td>
      {used.map((one) => (
        <td key={one} className="lane">
          {one === lane && (
            <>
              <span className="happening-dot" />
              <span className="lane-name">{lane}</span>
            </>
          )}
        </td>
      ))}
      <td className="kind">{kind}</td>
      <td className="what">
        {what}
        {detail && <span className="soft small"> {detail}</span>}
      </td>
      <td className="number money">{money}</td>
      <td className="small unbroken pieces">{stock}</td>
      <td className="small soft trace">{trace > 0 && trace}</td>
    </tr>
  )
}

function after(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(2)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
  return `${(ms / 3_600_000).toFixed(1)} h`
}
