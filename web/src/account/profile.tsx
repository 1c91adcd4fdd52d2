import type { Profile as Person, usersRoutes } from '@sidecart/users/contract.ts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ask } from '../api/client.ts'
import { profileQuery } from '../api/queries.ts'
import { accept } from '../api/session.ts'
import { Button } from '../ui/button.tsx'
import { formatDay } from '../ui/dates.ts'
import { Outage, Refused } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { toast } from '../ui/toasts.tsx'
import { useForm } from '../ui/use-form.ts'
import {
  EmailField,
  NameField,
  NewPassword,
  type Proof,
  ProofFields,
  proofOf,
} from './credentials.tsx'
import { SecondFactor } from './second-factor.tsx'
import { Sessions } from './sessions.tsx'

export function Profile() {
  const { data, isError } = useQuery(profileQuery())
  return (
    <Page title="Profile" lead={data && `Customer since ${formatDay(data.registeredAt)}`}>
      {data ? (
        <div className="stack">
          <NameForm person={data} />
          {/* notifications: optional */}
          <EmailForm person={data} />
          {/* /notifications */}
          <PasswordForm />
          <SecondFactor />
          <Sessions />
        </div>
      ) : isError ? (
        <Outage what="Your account" />
      ) : (
        <Skeleton height="12rem" />
      )}
    </Page>
  )
}

function useChangedProfile() {
  const queries = useQueryClient()
  return async (body: { name: string } | ({ email: string } & Proof)) => {
    const changed = await ask<typeof usersRoutes.changeProfile>('patch', '/users/me', { body })
    queries.setQueryData(profileQuery().queryKey, changed)
    toast(
      'email' in body && changed.pendingEmail
        ? `Not yet: open the link that we send to ${changed.pendingEmail}.`
        : 'Saved',
    )
  }
}

function NameForm({ person }: { person: Person }) {
  const change = useChangedProfile()
  const { faults, busy, problem, submit } = useForm(({ name = '' }) => change({ name }))
  return (
    <form className="card stack" noValidate onSubmit={submit} aria-labelledby="name-form">
      <h2 id="name-form">Name</h2>
      <Refused problem={problem} />
      <NameField defaultValue={person.name} fault={faults.name} />
      <div>
        <Button type="submit" look="quiet" busy={busy}>
          Save the name
        </Button>
      </div>
    </form>
  )
}

// notifications: optional
function EmailForm({ person }: { person: Person }) {
  const change = useChangedProfile()
  const { faults, busy, problem, submit } = useForm(({ email = '', ...given }) =>
    change({ email, ...proofOf(given) }),
  )
  return (
    <form className="card stack" noValidate onSubmit={submit} aria-labelledby="email-form">
      <h2 id="email-form">E-mail</h2>
      <Refused problem={problem} />
      <EmailField defaultValue={person.email} fault={faults.email} />
      {person.pendingEmail && (
        <p className="soft small">
          <strong>{person.pendingEmail}</strong> waits for its confirmation. Until then this stays{' '}
          {person.email}; save that one to call the change off.
        </p>
      )}
      <ProofFields faults={faults} />
      <div>
        <Button type="submit" look="quiet" busy={busy}>
          Save the e-mail
        </Button>
      </div>
    </form>
  )
}
// /notifications

function PasswordForm() {
  const { faults, busy, problem, submit } = useForm(async ({ newPassword = '', ...given }) => {
    const tokens = await ask<typeof usersRoutes.changePassword>('post', '/users/me/password', {
      body: { newPassword, ...proofOf(given) },
      headers: { 'x-session': 'cookie' },
    })
    accept(tokens)
    toast('Password changed. Every other device is signed out.')
  })
  return (
    <form className="card stack" noValidate onSubmit={submit} aria-labelledby="password-form">
      <h2 id="password-form">Password</h2>
      <Refused problem={problem} />
      <ProofFields faults={faults} />
      <NewPassword label="New password" name="newPassword" fault={faults.newPassword} />
      <div>
        <Button type="submit" look="quiet" busy={busy}>
          Change the password
        </Button>
      </div>
    </form>
  )
}
