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
            Events that a service could not handle. A replay goes through the same handler and
            inbox: what was handled after all is not done twice.
          </p>
        </div>
      </header>
      {!data && <Skeleton height="12rem" />}
      {data && data.silent.length > 0 && (
        <Notice tone="warn">
          Not answering now, and so missing here: {data.silent.join(', ')}.
        </Notice>
      )}
      {data && data.letters.length + data.silent.length === 0 && (
        <Notice tone="good">Every event was handled.</Notice>
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
          {service} <span className="soft">could not handle</span> {topic}
        </h2>
        <Handle letter={letter} />
      </div>
      <p className="cause">{cause}</p>
      <dl className="events">
        <dt>Arrived</dt>
        <dd>{formatMoment(arrivedAt)}</dd>
        <dt>Tries</dt>
        <dd>{attempts}</dd>
        <dt>Next</dt>
        <dd>{nextAttemptAt ? `again at ${formatTime(nextAttemptAt)}` : 'waits for you'}</dd>
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
          title="Dismiss this letter?"
          action="Dismiss it"
          busy={isPending}
          onConfirm={() => mutate('dismiss')}
          onClose={() => setAsking(false)}
        >
          {service} will never handle this event.
        </Confirm>
      )}
    </span>
  )
}
