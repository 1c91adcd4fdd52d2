import type { Process, ServiceNode, ShopMap } from '@sidecart/operations/contract.ts'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Notice } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { callPath, eventPath, plane, ringOf, touches } from './map-layout.ts'
import { ServiceDetails } from './map-service.tsx'
import { invariantsQuery, lettersQuery, mapQuery, sagasQuery } from './queries.ts'
import { SupervisorUnavailable } from './supervisor-unavailable.tsx'
import './map.css'

/** The running shop: services, calls, events and servers. */
export function MapPage() {
  useTitle('Operations')
  const { data, error } = useQuery(mapQuery())
  const [chosen, choose] = useState<string>()
  const service = data?.services.find(({ name }) => name === chosen)
  return (
    <>
      <header className="ops-head">
        <h1>The shop, now</h1>
        <Figures map={data} />
      </header>
      {error && !data && <SupervisorUnavailable error={error} />}
      {!data && !error && <Skeleton height="34rem" />}
      {data && data.outdated.length > 0 && (
        <Notice tone="warn">
          Changed since they were loaded: {data.outdated.join(', ')}. Restart the sidecars to load
          them.
        </Notice>
      )}
      {data && <Plane map={data} chosen={chosen} choose={choose} />}
      {data && service && <ServiceDetails map={data} service={service} />}
      {data && <Servers servers={data.servers} />}
    </>
  )
}

/** The most important figures. */
function Figures({ map }: { map: ShopMap | undefined }) {
  const sagas = useQuery(sagasQuery()).data
  const letters = useQuery(lettersQuery()).data?.letters
  const invariants = useQuery({ ...invariantsQuery(), enabled: map !== undefined }).data
  const waiting = map?.services.reduce((sum, { outbox }) => sum + (outbox?.depth ?? 0), 0)
  const parked = sagas?.filter(({ status }) => status === 'needs_attention').length
  return (
    <dl className="figures">
      <Figure name="Orders in progress" value={sagas && sagas.length - (parked ?? 0)} />
      <Figure name="Parked" value={parked} bad={Boolean(parked)} to="/ops/orders" />
      <Figure
        name="Dead letters"
        value={letters?.length}
        bad={Boolean(letters?.length)}
        to="/ops/letters"
      />
      <Figure name="In outboxes" value={waiting} />
      <Figure
        name="Invariants"
        value={
          invariants?.last
            ? invariants.last.ok
              ? 'hold'
              : 'violated'
            : invariants?.running
              ? '…'
              : undefined
        }
        bad={invariants?.last?.ok === false}
        to="/ops/invariants"
      />
    </dl>
  )
}

type FigureProps = {
  name: string
  value: string | number | undefined
  bad?: boolean
  to?: '/ops/orders' | '/ops/letters' | '/ops/invariants'
}

function Figure({ name, value, bad = false, to }: FigureProps) {
  return (
    <div className={bad ? 'figure bad' : 'figure'}>
      <dt>{to ? <Link to={to}>{name}</Link> : name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  )
}

type MapProps = { map: ShopMap; chosen: string | undefined; choose: (name?: string) => void }

function Plane({ map, chosen, choose }: MapProps) {
  const databases = map.servers.find(({ name }) => name === 'postgres')
  const places = ringOf(map.services.map(({ name }) => name))
  const lines = [
    ...map.calls.map((edge) => ({ edge, className: 'call', path: callPath })),
    ...map.events.map((edge) => ({ edge, className: 'event', path: eventPath })),
  ]
  return (
    <figure className={chosen ? 'map choosing' : 'map'}>
      <div className="plane">
        <svg viewBox={`0 0 ${plane.width} ${plane.height}`} aria-hidden="true">
          <Arrows />
          {lines.map(({ edge, className, path }) => {
            const [from, to] = [places.get(edge.from), places.get(edge.to)]
            const lit = touches(chosen, edge) ? ' lit' : ''
            return (
              from &&
              to && (
                <path
                  key={`${className} ${edge.from} ${edge.to}`}
                  className={className + lit}
                  d={path(from, to)}
                  markerEnd={`url(#${className}-end)`}
                />
              )
            )
          })}
        </svg>
        <Broker map={map} />
        <ul>
          {map.services.map((service) => {
            const { x, y } = places.get(service.name) ?? { x: 0, y: 0 }
            const style = {
              left: `${(100 * x) / plane.width}%`,
              top: `${(100 * y) / plane.height}%`,
            }
            return (
              <li key={service.name} style={style}>
                <Card service={service} server={databases} chosen={chosen} choose={choose} />
              </li>
            )
          })}
        </ul>
      </div>
      <figcaption className="soft small">
        <span className="key call" aria-hidden="true" /> may call, by the callee’s access control
        <span className="key event" aria-hidden="true" /> receives, by the subscriptions that its
        sidecar has loaded. Press a service to see the details.
      </figcaption>
    </figure>
  )
}

const Arrows = () => (
  <defs>
    {['call', 'event'].map((name) => (
      <marker
        key={name}
        id={`${name}-end`}
        className={`${name}-end`}
        viewBox="0 0 8 8"
        refX="7"
        refY="4"
        markerWidth="7"
        markerHeight="7"
        orient="auto"
      >
        <path d="M0 0 8 4 0 8Z" />
      </marker>
    ))}
  </defs>
)

function Broker({ map: { servers, broker: used } }: { map: ShopMap }) {
  const broker = servers.find(({ name }) => name === used)
  return (
    <p className={broker?.ready === false ? 'broker down' : 'broker'}>
      <span className="soft small">broker</span>
      <strong>{broker?.name ?? 'elsewhere'}</strong>
    </p>
  )
}

function Card({
  service,
  server,
  chosen,
  choose,
}: {
  service: ServiceNode
  /** The service's database server, if local. */
  server: Process | undefined
  chosen: string | undefined
  choose: (name?: string) => void
}) {
  const { name, rates, outbox, database, instances } = service
  const isChosen = chosen === name
  const health = healthOf(service)
  return (
    <button
      type="button"
      className={`node ${health}`}
      aria-pressed={isChosen}
      onClick={() => choose(isChosen ? undefined : name)}
    >
      <span className="node-name">
        <span className="lamp" aria-hidden="true" />
        {name}
        <span className={health === 'up' ? 'unseen' : 'small'}>{health}</span>
        <span className="node-count soft small">
          <span aria-hidden="true">×</span>
          {instances.length} <span className="unseen">running</span>
        </span>
      </span>
      <span className="node-rates">
        <span>{rates ? `${rates.requestsPerSecond.toFixed(1)}/s` : '…'}</span>
        <span>{rates?.p99Ms === undefined ? '– ms' : `${rates.p99Ms.toFixed(0)} ms`}</span>
        <span className={rates && rates.errorShare > 0 ? 'bad' : undefined}>
          {rates ? `${(100 * rates.errorShare).toFixed(0)} % err` : ''}
        </span>
      </span>
      <span className="node-parts">
        <Part name="sidecar" up={instances.every(({ sidecar }) => sidecar?.ready)} />
        {database && <Part name={`db ${database}`} up={server?.ready !== false} />}
      </span>
      <span className="node-data soft">{outbox ? waitingIn(outbox) : 'no outbox'}</span>
    </button>
  )
}

/** A dependency of a service, with a status lamp. */
const Part = ({ name, up }: { name: string; up: boolean }) => (
  <span className={up ? 'node-part' : 'node-part down'}>
    <span className="lamp" aria-hidden="true" />
    {name}
    {!up && <span className="unseen"> down</span>}
  </span>
)

const waitingIn = ({ depth, oldestSeconds }: NonNullable<ServiceNode['outbox']>): string =>
  depth === 0 ? 'outbox empty' : `outbox ${depth}, oldest ${oldestSeconds.toFixed(1)} s`

type Health = 'up' | 'starting' | 'down'

function healthOf({ instances }: ServiceNode): Health {
  const all = instances.flatMap(({ app, sidecar }) => (sidecar ? [app, sidecar] : [app]))
  if (all.every(({ ready }) => ready)) return 'up'
  return all.some(({ phase }) => phase === 'stopped' || phase === 'pausing') ? 'down' : 'starting'
}

function Servers({ servers }: { servers: readonly Process[] }) {
  return (
    <section className="stack" aria-labelledby="servers">
      <h2 id="servers">Servers</h2>
      <ul className="servers">
        {servers.map(({ name, ready, phase, rssMb, restarts }) => (
          <li key={name} className={ready ? 'up' : 'down'}>
            <span className="lamp" aria-hidden="true" />
            <strong>{name}</strong>
            <span className="soft small">
              {ready ? 'ready' : phase}
              {rssMb !== undefined && ` · ${rssMb} MB`}
              {restarts > 0 && ` · ${restarts} restarts`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
