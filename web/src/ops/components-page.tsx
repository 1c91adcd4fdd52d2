import type { Components, SetReport } from '@sidecart/operations/contract.ts'
import { useQuery } from '@tanstack/react-query'
import { Icon } from '../ui/icon.tsx'
import { useTitle } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { componentsQuery } from './queries.ts'
import { Scrolling } from './scrolling.tsx'
import { SupervisorUnavailable } from './supervisor-unavailable.tsx'

/** The component sets in use and their capabilities. */
export function ComponentsPage() {
  useTitle('Components · Operations')
  const { data, error } = useQuery(componentsQuery())
  return (
    <>
      <header className="ops-head">
        <div>
          <h1>Components</h1>
          <p className="soft">
            Component sets of the shop, exchangeable with a flag:{' '}
            <code>npm start -- --broker redis</code>.
          </p>
        </div>
      </header>
      {error && !data && <SupervisorUnavailable error={error} />}
      {!data && !error && <Skeleton height="20rem" />}
      <div className="sets">
        {data?.sets.map((set) => (
          <SetCard key={set.kind} set={set} />
        ))}
      </div>
      {data && <Loaded components={data.components} />}
    </>
  )
}

function SetCard({ set: { kind, chosen, others, capabilities } }: { set: SetReport }) {
  return (
    <section className="card stack" aria-labelledby={`set-${kind}`}>
      <div>
        <p className="soft small">{kind}</p>
        <h2 id={`set-${kind}`}>{chosen}</h2>
        {others.length > 0 && <p className="soft small">or {others.join(', ')}</p>}
      </div>
      <ul className="capabilities">
        {capabilities.map(({ name, means, lacks }) => (
          <li key={name} className={lacks ? 'lacks' : undefined}>
            <Icon name={lacks ? 'cross' : 'check'} size={16} />
            <span>
              {means}
              {lacks && <span className="soft small"> No: {lacks}.</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Loaded({ components }: Pick<Components, 'components'>) {
  return (
    <section className="stack" aria-labelledby="loaded">
      <h2 id="loaded">Loaded by the sidecars</h2>
      <Scrolling label="Components">
        <table>
          <thead>
            <tr>
              <th>Component</th>
              <th>Type</th>
              <th>Version</th>
              <th>Sidecars of</th>
            </tr>
          </thead>
          <tbody>
            {components.map(({ name, type, version, apps }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>
                  <code>{type}</code>
                </td>
                <td>{version}</td>
                <td className="small">{apps.toSorted().join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
    </section>
  )
}
