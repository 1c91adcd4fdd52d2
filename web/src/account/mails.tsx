// notifications: optional file
import type { Preferences, usersRoutes } from '@sidecart/users/contract.ts'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../api/client.ts'
import { isOutage } from '../api/problem.ts'
import { mine } from '../api/queries.ts'
import { ComponentSelection } from '../ui/field.tsx'
import { Outage } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { toast } from '../ui/toasts.tsx'

const path = '/users/me/preferences'
const preferencesQuery = () =>
  queryOptions({
    queryKey: [...mine(), 'preferences'],
    queryFn: ({ signal }) => ask<typeof usersRoutes.preferences>('get', path, { signal }),
  })

const kinds: readonly { name: keyof Preferences; label: string; hint: string }[] = [
  { name: 'orderUpdates', label: 'Orders', hint: 'Confirmed, on its way, delivered, cancelled' },
  { name: 'paymentUpdates', label: 'Payments', hint: 'Charged, declined, refunded' },
  { name: 'marketing', label: 'News', hint: 'Now and then, what is new in the shop' },
]

/** The user's e-mail preferences. A change is shown and saved at once. */
export function Mails() {
  const queries = useQueryClient()
  const { queryKey } = preferencesQuery()
  const { data: saved, isError } = useQuery(preferencesQuery())
  /** Shown until saved. The query would briefly return the old value. */
  const [wanted, setWanted] = useState<Preferences>()
  const data = wanted ?? saved
  const { mutate } = useMutation({
    scope: { id: 'preferences' },
    mutationFn: (body: Preferences) =>
      ask<typeof usersRoutes.setPreferences>('put', path, { body }),
    onSuccess: (_, body) => {
      queries.setQueryData(queryKey, body)
      setWanted((latest) => (latest === body ? undefined : latest))
      toast('Saved')
    },
    onError: (error) => {
      setWanted(undefined)
      toast(isOutage(error) ? 'Not saved: your account does not answer.' : error.message)
      return queries.invalidateQueries({ queryKey })
    },
  })

  function want(preferences: Preferences): void {
    setWanted(preferences)
    mutate(preferences)
  }

  return (
    <Page title="E-mails" lead="Which ones do you want from us?">
      {isError && <Outage what="Your account" />}
      {!data && !isError && <Skeleton height="10rem" />}
      {data && (
        <fieldset className="stack">
          <legend className="unseen">E-mails about</legend>
          {kinds.map(({ name, label, hint }) => (
            <ComponentSelection
              key={name}
              card
              name={name}
              label={<strong>{label}</strong>}
              hint={hint}
              checked={data[name]}
              onChange={({ target }) => want({ ...data, [name]: target.checked })}
            />
          ))}
        </fieldset>
      )}
    </Page>
  )
}
