import type { Process, ServiceNode, ShopMap } from '@sidecart/operations/contract.ts'
import { useEffect, useRef } from 'react'

/** One service of the map: processes, permitted calls, events. */
export function ServiceDetails({ map, service }: { map: ShopMap; service: ServiceNode }) {
  const { name, rates, outbox } = service
  const section = useRef<HTMLElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another one is chosen
  useEffect(() => {
    section.current?.scrollIntoView({ block: 'nearest' })
  }, [name])
  return (
    <section ref={section} className="card service-details" aria-labelledby="service">
      <div className="stack">
        <h2 id="service">{name}</h2>
        <ul className="stack">
          {service.instances.map(({ app, sidecar }) => (
            <li key={app.name}>
              <Life process={app} />
              {sidecar && <Life process={sidecar} />}
            </li>
          ))}
        </ul>
        {rates && (
          <p className="small">
            publishes {rates.publishedPerSecond.toFixed(1)} events/s, receives{' '}
            {rates.consumedPerSecond.toFixed(1)}
            /s
            {outbox && `; outbox ${outbox.depth}, oldest ${outbox.oldestSeconds.toFixed(1)} s`}
          </p>
        )}
      </div>
      <Edges title="May be called by" edges={callsOf(map)} other="from" own="to" name={name} />
      <Edges title="May call" edges={callsOf(map)} other="to" own="from" name={name} />
      <Edges title="Subscribes to" edges={eventsOf(map)} other="from" own="to" name={name} />
      <Edges title="Publishes to" edges={eventsOf(map)} other="to" own="from" name={name} />
    </section>
  )
}

const Life = ({
  process: { name, ready, phase, rssMb, restarts, uptimeSeconds },
}: {
  process: Process
}) => (
  <p className="small">
    <strong>{name}</strong>{' '}
    <span className="soft">
      {ready ? 'ready' : phase}
      {uptimeSeconds !== undefined && `, up ${uptimeSeconds} s`}
      {rssMb !== undefined && `, ${rssMb} MB`}
      {restarts > 0 && `, restarted ${restarts} ×`}
    </span>
  </p>
)

type Edge = { from: string; to: string; labels: readonly string[] }
type EdgesProps = {
  title: string
  edges: readonly Edge[]
  own: 'from' | 'to'
  other: 'from' | 'to'
  name: string
}

const callsOf = ({ calls }: ShopMap): Edge[] =>
  calls.map(({ from, to, operations }) => ({
    from,
    to,
    labels: operations.map(({ path, verbs }) => `${verbs.join(' ')} ${path}`),
  }))
const eventsOf = ({ events }: ShopMap): Edge[] =>
  events.map(({ from, to, topics }) => ({ from, to, labels: topics }))

function Edges({ title, edges, own, other, name }: EdgesProps) {
  const mine = edges.filter((edge) => edge[own] === name)
  if (mine.length === 0) return null
  return (
    <div>
      <h3>{title}</h3>
      <ul className="edges">
        {mine.map((edge) => (
          <li key={edge[other]}>
            <strong>{edge[other]}</strong>
            {edge.labels.map((label) => (
              <code key={label}>{label}</code>
            ))}
          </li>
        ))}
      </ul>
    </div>
  )
}
