import { Outlet, useRouter } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
// carts: optional
import { useHandOver } from '../cart/saved-cart.ts'
// /carts
import { dismissToasts, Toasts } from '../ui/toasts.tsx'
import { Footer } from './footer.tsx'
import { Header } from './header.tsx'
import './layout.css'

/** Layout of every page. */
export function Layout() {
  const main = useRef<HTMLElement>(null)
  const arrivedAt = useArrivals(main)
  // carts: optional
  useHandOver()
  // /carts
  return (
    <>
      <a className="skip unseen" href="#main">
        Skip to the content
      </a>
      <Header />
      <main id="main" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      <Footer />
      <Toasts />
      <p className="unseen" aria-live="polite">
        {arrivedAt}
      </p>
    </>
  )
}

/**
 * On navigation, moves the focus to the start of the page and returns the page title, announced to
 * screen readers.
 */
function useArrivals(main: React.RefObject<HTMLElement | null>): string {
  const router = useRouter()
  const [title, setTitle] = useState('')
  useEffect(
    () =>
      router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
        if (!fromLocation || !pathChanged) return
        main.current?.focus({ preventScroll: true })
        dismissToasts()
        setTitle(document.title)
      }),
    [router, main],
  )
  return title
}
