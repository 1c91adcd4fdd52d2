import type { Process, ServiceNode, ShopMap } from '../../../cli/desk/contract.ts'

/** One service of the map: its processes, and everything it may do and hear. */
export function ServiceDetails({ map, service }: { map: ShopMap; service: ServiceNode }) {
  const { name, rates, outbox } = service
  return (
    <section className="card service-details" aria-labelledby="service">
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
            says {rates.saidPerSecond.toFixed(1)} facts/s, hears {rates.heardPerSecond.toFixed(1)}
            /s
            {outbox && `; outbox ${outbox.depth}, oldest ${outbox.oldestSeconds.toFixed(1)} s`}
          </p>
        )}
      </div>
      <Calls title="May be called by" map={map} other="from" own="to" name={name} />
      <Calls title="May call" map={map} other="to" own="from" name={name} />
      <Facts title="Hears" map={map} other="from" own="to" name={name} />
      <Facts title="Is heard by" map={map} other="to" own="from" name={name} />
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

type EdgesProps = {
  title: string
  map: ShopMap
  own: 'from' | 'to'
  other: 'from' | 'to'
  name: string
}

function Calls({ title, map, own, other, name }: EdgesProps) {
  const edges = map.calls.filter((edge) => edge[own] === name)
  if (edges.length === 0) return null
  return (
    <div>
      <h3>{title}</h3>
      <ul className="edges">
        {edges.map((edge) => (
          <li key={edge[other]}>
            <strong>{edge[other]}</strong>
            {edge.operations.map(({ path, verbs }) => (
              <code key={path}>
                {verbs.join(' ')} {path}
              </code>
            ))}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Facts({ title, map, own, other, name }: EdgesProps) {
  const edges = map.facts.filter((edge) => edge[own] === name)
  if (edges.length === 0) return null
  return (
    <div>
      <h3>{title}</h3>
      <ul className="edges">
        {edges.map((edge) => (
          <li key={edge[other]}>
            <strong>{edge[other]}</strong>
            {edge.topics.map((topic) => (
              <code key={topic}>{topic}</code>
            ))}
          </li>
        ))}
      </ul>
    </div>
  )
}
