import { useQuery } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { profileQuery } from '../api/queries.ts'
import { signOut } from '../api/session.ts'
// notifications: optional
import { AwaitedEmail } from './awaited-email.tsx'
// /notifications
import './account.css'

const pages = [
  { to: '/account/orders', label: 'Orders' },
  { to: '/account/profile', label: 'Profile' },
  { to: '/account/addresses', label: 'Addresses' },
  // notifications: optional
  { to: '/account/mails', label: 'E-mails' },
  // /notifications
] as const

/** Layout of all account pages. */
export function Account() {
  const isOperator = useQuery(profileQuery()).data?.role === 'operator'
  return (
    <div className="page account">
      <nav className="account-nav" aria-label="Your account">
        <ul>
          {pages.map(({ to, label }) => (
            <li key={to}>
              <Link to={to}>{label}</Link>
            </li>
          ))}
          {isOperator && (
            <li>
              <Link to="/ops">Operations</Link>
            </li>
          )}
          <li>
            <button type="button" className="text-button" onClick={() => void signOut()}>
              Sign out
            </button>
          </li>
        </ul>
      </nav>
      <div className="stack">
        {/* notifications: optional */}
        <AwaitedEmail />
        {/* /notifications */}
        <Outlet />
      </div>
    </div>
  )
}
