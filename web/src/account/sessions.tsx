import type { usersRoutes } from '@sidecart/users/contract.ts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ask } from '../api/client.ts'
import { sessionsQuery } from '../api/queries.ts'
import { signOut } from '../api/session.ts'
import { Button } from '../ui/button.tsx'
import { formatMoment } from '../ui/dates.ts'
import { ComponentSelection } from '../ui/field.tsx'
import { Refused } from '../ui/notice.tsx'
import { toast } from '../ui/toasts.tsx'
import { useForm } from '../ui/use-form.ts'
import { ProofFields, proofOf } from './credentials.tsx'

const all = 'all'

/** The browsers and devices with a session of this account; one or all of them are signed out. */
export function Sessions() {
  const queries = useQueryClient()
  const { data = [] } = useQuery(sessionsQuery())
  const { faults, busy, problem, submit } = useForm(async ({ sessionId = all, ...given }) => {
    const which = sessionId === all ? {} : { sessionId }
    const path = '/users/me/sessions/revocation'
    await ask<typeof usersRoutes.endSessions>('post', path, {
      body: { ...proofOf(given), ...which },
    })
    if (sessionId === all || data.some((one) => one.current && one.sessionId === sessionId))
      return signOut()
    toast('Signed out there.')
    await queries.invalidateQueries({ queryKey: sessionsQuery().queryKey })
  })
  return (
    <form className="card stack" noValidate onSubmit={submit} aria-labelledby="sessions-form">
      <h2 id="sessions-form">Where you are signed in</h2>
      <Refused problem={problem} />
      <fieldset className="stack">
        <legend>Sign out of</legend>
        {data.map(({ sessionId, openedAt, refreshedAt, current }) => (
          <ComponentSelection
            key={sessionId}
            card
            type="radio"
            name="sessionId"
            value={sessionId}
            label={current ? 'This browser' : `Another one, since ${formatMoment(openedAt)}`}
            hint={`Last used ${formatMoment(refreshedAt)}`}
          />
        ))}
        <ComponentSelection
          card
          type="radio"
          name="sessionId"
          value={all}
          defaultChecked
          label="Everywhere, here too"
        />
      </fieldset>
      <ProofFields faults={faults} />
      <div>
        <Button type="submit" look="quiet" busy={busy}>
          End sessions
        </Button>
      </div>
    </form>
  )
}
