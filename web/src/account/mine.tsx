import { Outlet } from '@tanstack/react-router'
import { useSignedIn } from '../api/use-session.ts'

/** Nothing of somebody's own is left on the page when the session ends; the router then leads to the way back in. */
export function Mine() {
  return useSignedIn() ? <Outlet /> : null
}
