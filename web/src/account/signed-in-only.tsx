import { Outlet } from '@tanstack/react-router'
import { useUser } from '../api/use-session.ts'

/**
 * Removes the user's data and typed text from the page when the session ends or belongs to another
 * user; the router then redirects to the sign-in page.
 */
export function Mine() {
  const user = useUser()
  return user ? <Outlet key={user} /> : null
}
