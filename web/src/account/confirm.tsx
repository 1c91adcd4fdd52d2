// notifications: optional file
import type { usersRoutes } from '@sidecart/users/contract.ts'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../api/client.ts'
import { profileQuery } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Notice, Refused } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useForm } from '../ui/use-form.ts'
import './account.css'

/** Where the link of a mail leads. Programs that look into links press no button, so they confirm nothing. */
export function Confirm() {
  const token = useLocation({ select: ({ hash }) => hash })
  const queries = useQueryClient()
  const [email, setEmail] = useState<string>()
  const { busy, problem, submit } = useForm(async () => {
    const body = { token }
    const confirmed = await ask<typeof usersRoutes.confirm>('post', '/confirmations', {
      body,
      anonymous: true,
    })
    setEmail(confirmed.email)
    await queries.invalidateQueries({ queryKey: profileQuery().queryKey })
  })
  return (
    <Page narrow title="Confirm your e-mail">
      {email !== undefined ? (
        <div className="stack">
          <Notice tone="good">
            <strong>{email}</strong> is confirmed.
          </Notice>
          <Link to="/account">To your account</Link>
        </div>
      ) : (
        <form className="card stack" noValidate onSubmit={submit}>
          <p>
            {token
              ? 'Is this address yours, and did you enter it here?'
              : 'This link is not complete. Open it from the mail, or copy all of it.'}
          </p>
          <Refused problem={problem} />
          {problem?.code === 'link-void' && (
            <p>
              <Link to="/account">Sign in</Link> to have a new one sent.
            </p>
          )}
          {token && (
            <Button type="submit" wide busy={busy}>
              Confirm the address
            </Button>
          )}
        </form>
      )}
    </Page>
  )
}
