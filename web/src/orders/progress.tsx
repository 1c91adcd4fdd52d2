import type { OrderView } from '@sidecart/orders/contract.ts'
import { Icon } from '../ui/icon.tsx'
import { formatMoney } from '../ui/money.ts'
import { Notice } from '../ui/notice.tsx'
import { reasons, stagesOf, statusOf } from './status.ts'

/** Progress of the order through the usual stages, or its other outcome. */
export function Progress({
  order,
  live,
  over,
}: {
  order: OrderView
  live: boolean
  over: boolean
}) {
  const stages = stagesOf(order.status)
  return (
    <section className="card progress" aria-label="Where it is">
      <p className="progress-now" role="status">
        <Badge status={order.status} />
        {!over && (
          <span className="soft small live">
            <span className={live ? 'dot on' : 'dot'} aria-hidden="true" />
            {live ? 'Live' : 'Looking every few seconds'}
          </span>
        )}
      </p>
      {stages ? (
        <ol className="stages">
          {stages.map(({ label, state }) => (
            <li key={label} className={state} aria-current={state === 'now' ? 'step' : undefined}>
              <span className="stage-mark">
                {state === 'done' && <Icon name="check" size={16} />}
              </span>
              {label}
              <span className="unseen">{state === 'done' ? ': done' : ': not yet'}</span>
            </li>
          ))}
        </ol>
      ) : (
        <WhatBecameOfIt order={order} />
      )}
    </section>
  )
}

export function Badge({ status }: Pick<OrderView, 'status'>) {
  const { label, tone } = statusOf(status)
  return <strong className={`badge ${tone}`}>{label}</strong>
}

function WhatBecameOfIt({ order: { status, reason, total } }: { order: OrderView }) {
  const amount = total ? formatMoney(total) : 'your money'
  switch (status) {
    case 'refunding':
      return <Notice>We are sending {amount} back to your card.</Notice>
    case 'refunded':
      return <Notice tone="good">{amount} went back to your card.</Notice>
    case 'needs_attention':
      return (
        <Notice tone="warn">Something is unclear. A person looks at it; nothing is lost.</Notice>
      )
    default:
      return <Notice tone="warn">{reasons[reason ?? 'customer-request']}</Notice>
  }
}
