import type { Invariants } from '@sidecart/operations/contract.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button } from '../ui/button.tsx'
import { formatTime } from '../ui/dates.ts'
import { Icon } from '../ui/icon.tsx'
import { Notice } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { toast } from '../ui/toasts.tsx'
import { askSupervisor, invariantsQuery } from './queries.ts'
import './invariants.css'
import { SupervisorUnavailable } from './supervisor-unavailable.tsx'

/** The invariants over all databases. */
export function InvariantsPage() {
  useTitle('Invariants · Operations')
  const queries = useQueryClient()
  const { data, error } = useQuery(invariantsQuery())
  const { mutate } = useMutation({
    mutationFn: () => askSupervisor<Invariants>('invariants', 'post'),
    onSuccess: (invariants) => queries.setQueryData(invariantsQuery().queryKey, invariants),
    onError: (problem) => toast(problem.message),
  })
  return (
    <>
      <header className="ops-head">
        <div>
          <h1>Invariants</h1>
          <p className="soft">
            The databases of all services, the payment provider’s own log and the mail inbox,
            against each other. Checked every {data?.everySeconds ?? 60} seconds while somebody
            looks.
          </p>
        </div>
        <Button busy={data?.running ?? false} onClick={() => mutate()}>
          {data?.running ? 'Checking …' : 'Check now'}
        </Button>
      </header>
      {error && !data && <SupervisorUnavailable error={error} />}
      {data?.failed && (
        <Notice tone="warn">The invariants could not be checked: {data.failed}</Notice>
      )}
      {data?.last && <Verdict last={data.last} />}
    </>
  )
}

function Verdict({
  last: { ok, at, tookMs, inMotion, checks },
}: {
  last: NonNullable<Invariants['last']>
}) {
  const wrong = checks.filter((check) => !check.ok)
  return (
    <>
      <Notice tone={ok ? 'good' : 'bad'}>
        <p>
          <strong>
            {ok
              ? `All ${checks.length} hold.`
              : `${wrong.length} of ${checks.length} are violated.`}
          </strong>{' '}
          Checked at {formatTime(at)} in {(tookMs / 1000).toFixed(1)} s.
          {inMotion > 0 && ` ${inMotion} orders in progress were left out.`}
        </p>
      </Notice>
      <ul className="checks">
        {[...wrong, ...checks.filter((check) => check.ok)].map((check) => (
          <li key={check.name} className={check.ok ? 'good' : 'bad'}>
            <Icon name={check.ok ? 'check' : 'cross'} size={18} />
            <div>
              <h2>{check.name}</h2>
              {check.ok ? (
                <p className="soft small">{check.detail}</p>
              ) : (
                <ul className="violations">
                  {check.violations.slice(0, 20).map((violation) => (
                    <li key={violation}>{violation}</li>
                  ))}
                </ul>
              )}
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}
