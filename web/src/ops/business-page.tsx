import type { Sales } from '@sidecart/orders/contract.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { euro, formatMoney } from '../ui/money.ts'
import { Outage } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { Plot } from './plot.tsx'
import { Products } from './products.tsx'
import { salesQuery } from './queries.ts'
import './business.css'

const ranges = [
  { minutes: 15, label: '15 minutes' },
  { minutes: 60, label: 'hour' },
  { minutes: 1_440, label: 'day' },
  { minutes: 10_080, label: 'week' },
]

/** Sales and products. */
export function BusinessPage() {
  useTitle('Business · Operations')
  const [minutes, setMinutes] = useState(60)
  const { data, isError } = useQuery(salesQuery(minutes))
  return (
    <>
      <header className="ops-head">
        <h1>Business</h1>
        <fieldset className="row pills">
          <legend className="unseen">Time range</legend>
          {ranges.map((range) => (
            <label key={range.minutes} className="pill">
              <input
                type="radio"
                name="range"
                checked={minutes === range.minutes}
                onChange={() => setMinutes(range.minutes)}
              />
              last {range.label}
            </label>
          ))}
        </fieldset>
      </header>
      {isError && !data && <Outage what="Sales data" />}
      {data && <Totals sales={data.sales} />}
      {data && <Plots sales={data.sales} minutes={minutes} />}
      {data && data.reasons.length > 0 && (
        <p className="soft">
          Cancelled because of{' '}
          {data.reasons.map(({ reason, orders }) => `${reason} (${orders})`).join(', ')}.
        </p>
      )}
      <Products />
    </>
  )
}

function Totals({ sales }: { sales: readonly Sales[] }) {
  const sum = (of: (one: Sales) => number) => sales.reduce((total, one) => total + of(one), 0)
  const { placed, sold } = totalOf(sales)
  const figures = [
    ['Revenue', formatMoney(euro(sum(({ revenue }) => revenue.amount)))],
    ['Orders', placed],
    ['Sold', sold],
    ['Conversion', percent(percentSold({ placed, sold }))],
    ['Cancelled', sum(({ cancelled }) => cancelled)],
    ['Refunded', sum(({ refunded }) => refunded)],
  ] as const
  return (
    <dl className="figures">
      {figures.map(([name, value]) => (
        <div key={name} className="figure">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

type Counted = Pick<Sales, 'placed' | 'sold'>

const totalOf = (sales: readonly Counted[]): Counted =>
  sales.reduce(
    (sum, { placed, sold }) => ({ placed: sum.placed + placed, sold: sum.sold + sold }),
    {
      placed: 0,
      sold: 0,
    },
  )

/** Percentage of placed orders sold; `undefined` without orders. */
const percentSold = ({ placed, sold }: Counted): number | undefined =>
  placed === 0 ? undefined : (100 * sold) / placed

const percent = (share: number | undefined): string =>
  share === undefined ? '–' : `${share.toFixed(0)} %`

const clock = new Intl.DateTimeFormat('en-IE', { timeStyle: 'short' })
const date = new Intl.DateTimeFormat('en-IE', { day: 'numeric', month: 'short', hour: '2-digit' })

function Plots({ sales, minutes }: { sales: readonly Sales[]; minutes: number }) {
  const labelOf = ({ from }: Sales) => (minutes > 1_440 ? date : clock).format(new Date(from))
  const orders = sales.map((one) => ({
    label: labelOf(one),
    parts: [
      { className: 'sold', value: one.sold },
      { className: 'open', value: one.open },
      { className: 'refunded', value: one.refunded },
      { className: 'cancelled', value: one.cancelled },
    ],
  }))
  const revenue = sales.map((one) => ({
    label: labelOf(one),
    parts: [{ className: 'revenue', value: one.revenue.amount }],
  }))
  const conversion = sales.map((one) => ({
    label: labelOf(one),
    parts: [{ className: 'conversion', value: percentSold(one) ?? 0 }],
  }))
  return (
    <div className="plots">
      <div className="card">
        <Plot
          title="Orders"
          columns={orders}
          format={(value) => String(Math.round(value * 10) / 10)}
        />
        <p className="soft small keys">
          {['sold', 'open', 'refunded', 'cancelled'].map((name) => (
            <span key={name}>
              <span className={`key ${name}`} aria-hidden="true" /> {name}
            </span>
          ))}
        </p>
      </div>
      <div className="card">
        <Plot title="Revenue" columns={revenue} format={(value) => `€${Math.round(value / 100)}`} />
      </div>
      <div className="card">
        <Plot
          title="Conversion"
          columns={conversion}
          top={100}
          format={(value) => `${Math.round(value)} %`}
          summary={`${percent(percentSold(totalOf(sales)))} of all orders`}
        />
        <p className="soft small">Share of placed orders sold</p>
      </div>
    </div>
  )
}
