import type { usersRoutes } from '@sidecart/users/contract.ts'
import { getRouteApi, Link, Navigate } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../api/client.ts'
import { isProblem } from '../api/problem.ts'
import { signIn } from '../api/session.ts'
import { useSignedIn } from '../api/use-session.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Refused } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { useForm } from '../ui/use-form.ts'
import { CodeField, EmailField, NameField, NewPassword, normalised } from './credentials.tsx'
import './account.css'

const signInRoute = getRouteApi('/sign-in')
const registerRoute = getRouteApi('/register')

export function SignIn() {
  const { next } = signInRoute.useSearch()
  const [needsCode, setNeedsCode] = useState(false)
  const { faults, busy, problem, submit } = useForm(
    async ({ email = '', password = '', code = '' }) => {
      try {
        await signIn(email, password, normalised(code) || undefined)
      } catch (error) {
        if (!isProblem(error, 'second-factor-required')) throw error
        setNeedsCode(true)
      }
    },
  )
  if (useSignedIn()) return <Navigate to={next ?? '/account'} replace />
  return (
    <Page
      narrow
      title="Sign in"
      lead={
        <>
          New here?{' '}
          <Link to="/register" search={next ? { next } : {}}>
            Create an account
          </Link>
        </>
      }
    >
      <form className="card stack" noValidate onSubmit={submit}>
        <Refused problem={problem} />
        <EmailField fault={faults.email} />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          fault={faults.password}
        />
        {needsCode && <CodeField fault={faults.code} />}
        <Button type="submit" wide busy={busy}>
          Sign in
        </Button>
        {/* notifications: optional */}
        <Link to="/forgot-password">Forgot your password?</Link>
        {/* /notifications */}
      </form>
      <DemoHint operator={next?.startsWith('/ops') ?? false} />
    </Page>
  )
}

/** For first-time users of a freshly started shop. */
function DemoHint({ operator }: { operator: boolean }) {
  return (
    <p className="soft small demo-hint">
      {operator
        ? 'The console is for operators, who are invited. A shop with demo accounts has one: its start prints operator@sidecart.example and its password.'
        : 'A shop with demo accounts prints one at its start: demo@sidecart.example and its password.'}
    </p>
  )
}

export function Register() {
  const { next } = registerRoute.useSearch()
  const { faults, busy, problem, submit } = useForm(
    async ({ name = '', email = '', password = '' }) => {
      const body = { name, email, password }
      await ask<typeof usersRoutes.register>('post', '/users', { body })
      await signIn(email, password)
    },
  )
  if (useSignedIn()) return <Navigate to={next ?? '/account'} replace />
  return (
    <Page
      narrow
      title="Create an account"
      lead={
        <>
          Been here before?{' '}
          <Link to="/sign-in" search={next ? { next } : {}}>
            Sign in
          </Link>
        </>
      }
    >
      <form className="card stack" noValidate onSubmit={submit}>
        <Refused problem={problem} />
        <NameField fault={faults.name} />
        <EmailField fault={faults.email} />
        <NewPassword label="Password" name="password" fault={faults.password} />
        <Button type="submit" wide busy={busy}>
          Create the account
        </Button>
      </form>
    </Page>
  )
}
