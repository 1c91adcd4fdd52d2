import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { authenticated } from '../api/client.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { formatMoment, formatTime } from '../ui/dates.ts'
import { Notice } from '../ui/notice.tsx'
import { useTitle } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { toast } from '../ui/toasts.tsx'
import { type Letter, lettersQuery, orderIn } from './queries.ts'
import './letters.css'

/** Events not processed by a service, with the cause. */
export function LettersPage() {
  useTitle('Dead letters · Operations')
  const { data } = useQuery(lettersQuery())
  return (
    <>
      <header className="ops-head">
        <div>
          <h1>Dead letters</h1>
          <p className="soft">
            Events a service could not process. A replay uses the same handler and inbox, so an
            event already processed has no second effect.
          </p>
        </div>
      </header>
      {!data && <Skeleton height="12rem" />}
      {data && data.silent.length > 0 && (
        <Notice tone="warn">
          Unavailable, and therefore missing here: {data.silent.join(', ')}.
        </Notice>
      )}
      {data && data.letters.length + data.silent.length === 0 && (
        <Notice tone="good">There are no dead letters.</Notice>
      )}
      <ul className="stack">
        {data?.letters.map((letter) => (
          <li key={`${letter.service} ${letter.id}`}>
            <LetterCard letter={letter} />
          </li>
        ))}
      </ul>
    </>
  )
}

function LetterCard({ letter }: { letter: Letter }) {
  const { service, id, topic, cause, attempts, arrivedAt, nextAttemptAt, traceId, event } = letter
  const orderId = orderIn(letter)
  return (
    <article className="card letter">
      <div className="letter-head">
        <h2>
          {service} <span className="soft">could not process</span> {topic}
        </h2>
        <Handle letter={letter} />
      </div>
      <p className="cause">{cause}</p>
      <dl className="events">
        <dt>Arrived</dt>
        <dd>{formatMoment(arrivedAt)}</dd>
        <dt>Attempts</dt>
        <dd>{attempts}</dd>
        <dt>Next attempt</dt>
        <dd>{nextAttemptAt ? formatTime(nextAttemptAt) : 'none; replay or dismiss'}</dd>
        {orderId && (
          <>
            <dt>Order</dt>
            <dd>
              <Link to="/ops/orders/$orderId" params={{ orderId }} className="id">
                {orderId}
              </Link>
            </dd>
          </>
        )}
        <dt>Event</dt>
        <dd className="id">{id}</dd>
        {traceId && (
          <>
            <dt>Trace</dt>
            <dd className="id">{traceId}</dd>
          </>
        )}
      </dl>
      <details>
        <summary>Payload</summary>
        <pre>{JSON.stringify(event, null, 2)}</pre>
      </details>
    </article>
  )
}

function Handle({ letter: { service, id } }: { letter: Letter }) {
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const { mutate, isPending } = useMutation({
    mutationFn: async (action: 'replay' | 'dismiss') => {
      const path = `/${service}/dead-letters/${encodeURIComponent(id)}/${action}`
      return (await (await authenticated({ method: 'post', path })).json()) as { outcome: string }
    },
    onSuccess: ({ outcome }) => toast(`Done: ${outcome}.`),
    onError: (error) => toast(`It failed again: ${error.message}`),
    onSettled: () => {
      setAsking(false)
      return queries.invalidateQueries({ queryKey: lettersQuery().queryKey })
    },
  })
  return (
    <span className="row tight">
      <Button busy={isPending} onClick={() => mutate('replay')}>
        Replay
      </Button>
      <Button look="quiet" onClick={() => setAsking(true)}>
        Dismiss
      </Button>
      {asking && (
        <Confirm
          title="Dismiss this dead letter?"
          action="Dismiss it"
          busy={isPending}
          onConfirm={() => mutate('dismiss')}
          onClose={() => setAsking(false)}
        >
          {service} will never process this event.
        </Confirm>
      )}
    </span>
  )
}
