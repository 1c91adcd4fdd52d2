import { Navigate, Outlet, useLocation } from '@tanstack/react-router'
import { useSignedIn } from '../api/use-session.ts'

/** Shows what is somebody's own as long as they are signed in; when that ends, here or in another tab, the way back in. */
export function Mine() {
  const signedIn = useSignedIn()
  const { href } = useLocation()
  if (!signedIn) return <Navigate to="/sign-in" search={{ next: href as '/checkout' }} replace />
  return <Outlet />
}
