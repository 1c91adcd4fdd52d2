import type { ActiveFault, Deed, FaultKind, Faults } from '@sidecart/operations/contract.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { formatTime } from '../ui/dates.ts'
import { Notice } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { toast } from '../ui/toasts.tsx'
import { askSupervisor, faultsQuery } from './queries.ts'
import { SupervisorUnavailable } from './supervisor-unavailable.tsx'

type Order = { does: Deed; target: string } | { lift: string }

/** Injects faults, where permitted. */
export function FaultsPage() {
  useTitle('Faults · Operations')
  const queries = useQueryClient()
  const { data, error } = useQuery(faultsQuery())
  const { mutate, isPending } = useMutation({
    mutationFn: (order: Order) =>
      'lift' in order
        ? askSupervisor<Faults>(`faults/${order.lift}`, 'delete')
        : askSupervisor<Faults>('faults', 'post', order),
    onSuccess: (faults) => queries.setQueryData(faultsQuery().queryKey, faults),
    onError: (problem) => toast(problem.message),
  })
  return (
    <>
      <header className="ops-head">
        <div>
          <h1>Faults</h1>
          <p className="soft">
            Break something, then watch the map and an order’s story heal, and the invariants hold.
          </p>
        </div>
      </header>
      {error && !data && <SupervisorUnavailable error={error} />}
      {data && !data.allowed && (
        <Notice>
          <p>
            <strong>Faults are not permitted in this shop.</strong> Start it with{' '}
            <code>npm start -- --chaos</code> to permit them.
          </p>
        </Notice>
      )}
      {data && data.active.length > 0 && (
        <Active faults={data.active} lift={(lift) => mutate({ lift })} />
      )}
      <div className="fault-kinds">
        {data?.kinds.map((kind) => (
          <Kind
            key={kind.does}
            kind={kind}
            busy={isPending}
            onMake={(target) => mutate({ does: kind.does, target })}
          />
        ))}
      </div>
    </>
  )
}

function Active({ faults, lift }: { faults: readonly ActiveFault[]; lift: (id: string) => void }) {
  return (
    <section className="stack" aria-labelledby="active">
      <h2 id="active">Broken now</h2>
      <ul className="stack">
        {faults.map(({ id, does, target, since, orderedBy }) => (
          <li key={id} className="notice bad">
            <div>
              <p>
                <strong>
                  {does}: {target}
                </strong>{' '}
                since {formatTime(since)}
                {orderedBy && <span className="small soft"> by {orderedBy}</span>}
              </p>
            </div>
            <Button look="quiet" onClick={() => lift(id)} aria-label={`Mend ${does}: ${target}`}>
              Mend
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}

const deeds: Record<Deed, string> = {
  kill: 'Kill it',
  stop: 'Stop it',
  slow: 'Slow it',
  cut: 'Cut it',
  decline: 'Decline them',
  away: 'Take it away',
}

type KindProps = { kind: FaultKind; busy: boolean; onMake: (target: string) => void }

function Kind({ kind: { does, means, targets, lasts }, busy, onMake }: KindProps) {
  const [target, setTarget] = useState(targets[0] ?? '')
  return (
    <form
      className="card stack"
      onSubmit={(event) => {
        event.preventDefault()
        onMake(target)
      }}
    >
      <div>
        <h2>{means}</h2>
        <p className="soft small">{lasts ? 'Until you mend it.' : 'It comes back by itself.'}</p>
      </div>
      <div className="row">
        {targets.length > 1 && (
          <select
            className="input fitting"
            aria-label={`${means}: which`}
            value={target}
            onChange={(event) => setTarget(event.target.value)}
          >
            {targets.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
        <Button type="submit" look="danger" busy={busy}>
          {deeds[does]}
        </Button>
      </div>
    </form>
  )
}
