import { useQuery } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { profileQuery } from '../api/queries.ts'
import { signOut } from '../api/session.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { Outage } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { lettersQuery, sagasQuery } from './queries.ts'
import './ops.css'

const pages = [
  { to: '/ops', label: 'Map', exact: true },
  { to: '/ops/orders', label: 'Orders' },
  { to: '/ops/letters', label: 'Dead letters' },
  { to: '/ops/invariants', label: 'Invariants' },
  { to: '/ops/business', label: 'Business' },
  { to: '/ops/faults', label: 'Faults' },
  { to: '/ops/components', label: 'Components' },
] as const

/**
 * The operations console, a separate chunk: pages, queries and styles are used only in this folder.
 */
export function Console() {
  const { data, isError } = useQuery(profileQuery())
  if (isError && !data)
    return (
      <Page title="Operations">
        <Outage what="Your account" />
      </Page>
    )
  if (!data) return null
  if (data.role !== 'operator') return <Strangers name={data.name} />
  if (data.secondFactorDue) return <SecondFactorDue />
  return (
    <div className="page ops">
      <nav className="ops-nav" aria-label="Operations">
        <ul>
          {pages.map(({ to, label, ...rest }) => (
            <li key={to}>
              <Link to={to} activeOptions={{ exact: 'exact' in rest }}>
                {label}
                {to === '/ops/orders' && <Parked />}
                {to === '/ops/letters' && <Dead />}
              </Link>
            </li>
          ))}
          <li>
            <button type="button" className="text-button" onClick={() => void signOut()}>
              Sign out
            </button>
          </li>
        </ul>
      </nav>
      <div className="ops-page">
        <Outlet />
      </div>
    </div>
  )
}

function Parked() {
  const { data } = useQuery(sagasQuery())
  return <Waiting count={data?.filter(({ status }) => status === 'needs_attention').length} />
}

function Dead() {
  const { data } = useQuery(lettersQuery())
  return <Waiting count={data?.letters.filter(({ nextAttemptAt }) => !nextAttemptAt).length} />
}

/** Number of items on a page waiting for an operator. */
function Waiting({ count }: { count: number | undefined }) {
  return count ? (
    <span className="count">
      {count} <span className="unseen">waiting</span>
    </span>
  ) : null
}

function SecondFactorDue() {
  return (
    <Page
      title="Operations"
      lead="This shop asks its operators for a second factor. Turn yours on, then sign in again."
    >
      <Link to="/account/profile" className={buttonClass()}>
        Turn it on
      </Link>
    </Page>
  )
}

function Strangers({ name }: { name: string }) {
  return (
    <Page title="Operations" lead={`You are signed in as ${name}, who is no operator.`}>
      <div className="row">
        <Button onClick={() => void signOut()}>Sign in as an operator</Button>
        <Link to="/" className={buttonClass('quiet')}>
          Back to the shop
        </Link>
      </div>
    </Page>
  )
}
