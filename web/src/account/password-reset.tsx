// notifications: optional file
import type { usersRoutes } from '@sidecart/users/contract.ts'
import { Link, useLocation } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../api/client.ts'
import { Button } from '../ui/button.tsx'
import { Notice, Refused } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useForm } from '../ui/use-form.ts'
import { EmailField, NewPassword } from './credentials.tsx'
import './account.css'

/** Has a link mailed. The page tells nobody whether the account exists. */
export function ForgotPassword() {
  const [asked, setAsked] = useState<string>()
  const { faults, busy, problem, submit } = useForm(async ({ email = '' }) => {
    await ask<typeof usersRoutes.requestPasswordReset>('post', '/password-resets', {
      body: { email },
      anonymous: true,
    })
    setAsked(email)
  })
  return (
    <Page narrow title="Forgot your password?">
      {asked !== undefined ? (
        <div className="stack">
          <Notice tone="good">
            If an account has confirmed <strong>{asked}</strong>, a mail is on its way. Its link is
            good for 30 minutes.
          </Notice>
          <Link to="/sign-in">Sign in</Link>
        </div>
      ) : (
        <form className="card stack" noValidate onSubmit={submit}>
          <p>We send a link to your e-mail with which you set another password.</p>
          <Refused problem={problem} />
          <EmailField fault={faults.email} />
          <Button type="submit" wide busy={busy}>
            Send the link
          </Button>
        </form>
      )}
    </Page>
  )
}

/** Where the link of the mail leads. Programs that look into links enter no password, so they use none up. */
export function ResetPassword() {
  const token = useLocation({ select: ({ hash }) => hash })
  const [done, setDone] = useState(false)
  const { faults, busy, problem, submit } = useForm(async ({ newPassword = '' }) => {
    await ask<typeof usersRoutes.resetPassword>('post', '/password-resets/redemption', {
      body: { token, newPassword },
      anonymous: true,
    })
    setDone(true)
  })
  return (
    <Page narrow title="Set another password">
      {done ? (
        <div className="stack">
          <Notice tone="good">
            Your password is another one now, and every device is signed out.
          </Notice>
          <Link to="/sign-in">Sign in</Link>
        </div>
      ) : token ? (
        <form className="card stack" noValidate onSubmit={submit}>
          <Refused problem={problem} />
          {problem?.code === 'link-void' && (
            <p>
              <Link to="/forgot-password">Have a new one sent</Link>
            </p>
          )}
          <NewPassword label="New password" name="newPassword" fault={faults.newPassword} />
          <Button type="submit" wide busy={busy}>
            Set the password
          </Button>
        </form>
      ) : (
        <p>This link is not complete. Open it from the mail, or copy all of it.</p>
      )}
    </Page>
  )
}
