import { Outlet } from '@tanstack/react-router'
import { useUser } from '../api/use-session.ts'

/**
 * Nothing of a user's own, nor what was typed, is left on the page when the session ends or becomes another user's; the
 * router then leads to the way back in.
 */
export function Mine() {
  const user = useUser()
  return user ? <Outlet key={user} /> : null
}
