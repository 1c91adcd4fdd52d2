import type { usersRoutes } from '@sidecart/users/contract.ts'
import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../api/client.ts'
import { isProblem, ShopProblem } from '../api/problem.ts'
import { signIn, signOut } from '../api/session.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Notice, Refused } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useForm } from '../ui/use-form.ts'
import { CodeField, NameField, NewPassword, normalised } from './credentials.tsx'
import './account.css'

/** Where an invitation to run the shop leads. */
export function Invitation() {
  const token = useLocation({ select: ({ hash }) => hash })
  const [accepted, setAccepted] = useState(false)
  const { data, error } = useQuery({
    queryKey: ['invitation', token],
    queryFn: () =>
      ask<typeof usersRoutes.lookUpInvitation>('post', '/invitations/lookup', {
        body: { token },
        anonymous: true,
      }),
    enabled: token !== '' && !accepted,
    retry: (_, cause) => !(cause instanceof ShopProblem),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <Page narrow title="Run this shop">
      {accepted ? (
        <div className="stack">
          <Notice tone="good">You are an operator of this shop now.</Notice>
          <Link to="/sign-in" search={{ next: '/ops' as '/checkout' }}>
            Sign in to the console
          </Link>
        </div>
      ) : !token ? (
        <p>This link is not complete. Copy all of it.</p>
      ) : error instanceof ShopProblem ? (
        <Refused problem={error} />
      ) : (
        data && <Accept {...data} token={token} done={() => setAccepted(true)} />
      )}
    </Page>
  )
}

type Asked = { email: string; hasAccount: boolean; token: string; done: () => void }

function Accept({ email, hasAccount, token, done }: Asked) {
  return (
    <>
      <p>
        <strong>{email}</strong> is invited to run this shop: to see every order and customer, to
        refund, to change prices and stock.
      </p>
      {hasAccount ? (
        <WithAccount email={email} token={token} done={done} />
      ) : (
        <WithoutAccount token={token} done={done} />
      )}
    </>
  )
}

function WithoutAccount({ token, done }: Omit<Asked, 'email' | 'hasAccount'>) {
  const { faults, busy, problem, submit } = useForm(async ({ name = '', password = '' }) => {
    const body = { token, name, password }
    await ask<typeof usersRoutes.registerOperator>('post', '/invitations', {
      body,
      anonymous: true,
    })
    done()
  })
  return (
    <form className="card stack" noValidate onSubmit={submit}>
      <Refused problem={problem} />
      <NameField fault={faults.name} />
      <NewPassword label="Password" name="password" fault={faults.password} />
      <Button type="submit" wide busy={busy}>
        Accept the invitation
      </Button>
    </form>
  )
}

/** Signs in here, because a page that is returned to after signing in is named in a query, with the token. */
function WithAccount({ email, token, done }: Omit<Asked, 'hasAccount'>) {
  const [needsCode, setNeedsCode] = useState(false)
  const { faults, busy, problem, submit } = useForm(async ({ currentPassword = '', code = '' }) => {
    try {
      await signIn(email, currentPassword, normalised(code) || undefined)
    } catch (error) {
      if (!isProblem(error, 'second-factor-required')) throw error
      return setNeedsCode(true)
    }
    await ask<typeof usersRoutes.acceptInvitation>('post', '/users/me/invitation', {
      body: { token, currentPassword },
    })
    await signOut()
    done()
  })
  return (
    <form className="card stack" noValidate onSubmit={submit}>
      <p>There is an account with this e-mail. Accept with its password; then sign in again.</p>
      <Refused problem={problem} />
      <TextField
        label="Password of the account"
        name="currentPassword"
        type="password"
        autoComplete="current-password"
        required
        fault={faults.currentPassword}
      />
      {needsCode && <CodeField fault={faults.code} />}
      <Button type="submit" wide busy={busy}>
        Accept the invitation
      </Button>
    </form>
  )
}
