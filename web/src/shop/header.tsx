import { Link, useNavigate, useRouterState } from '@tanstack/react-router'
import { type FormEvent, useSyncExternalStore } from 'react'
import { useSignedIn } from '../api/use-session.ts'
import { useCart } from '../cart/use-cart.ts'
import { Icon } from '../ui/icon.tsx'
import { chooseTheme, onTheme, theme } from '../ui/theme.ts'

export function Header() {
  return (
    <header className="header">
      <div className="header-in">
        <Link to="/" className="wordmark">
          <Mark />
          Sidecart
        </Link>
        <nav className="header-nav" aria-label="Shop">
          <Link to="/shop" activeOptions={{ includeSearch: true }}>
            All products
          </Link>
          <Link to="/shop" search={{ sort: 'newest' }} activeOptions={{ includeSearch: true }}>
            New
          </Link>
        </nav>
        <Search />
        <div className="header-tools">
          <ThemeButton />
          <AccountLink />
          <CartLink />
        </div>
      </div>
    </header>
  )
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round">
        <path
          strokeLinejoin="round"
          d="M4 7h3.400l3 12h12.600c2.400 0 3.900-2.600 3.200-4.900l-.7-2.600H9"
        />
      </g>
      <circle cx="12.500" cy="25" r="2.400" fill="currentColor" />
      <circle cx="22.500" cy="25" r="2.400" fill="currentColor" />
    </svg>
  )
}

function Search() {
  const navigate = useNavigate()
  const q = useRouterState({
    select: ({ location }) => (location.search as { q?: string }).q ?? '',
  })
  function search(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    const typed = String(new FormData(event.currentTarget).get('q')).trim()
    void navigate({ to: '/shop', search: typed ? { q: typed } : {} })
  }
  return (
    <search className="header-search">
      <form onSubmit={search}>
        <label className="unseen" htmlFor="search">
          Search products
        </label>
        <Icon name="search" size={18} />
        <input
          key={q}
          id="search"
          className="input"
          type="search"
          name="q"
          defaultValue={q}
          placeholder="Search"
          maxLength={200}
          autoComplete="off"
          enterKeyHint="search"
        />
      </form>
    </search>
  )
}

function ThemeButton() {
  const now = useSyncExternalStore(onTheme, theme)
  const other = now === 'dark' ? 'light' : 'dark'
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Switch to ${other} colours`}
      onClick={() => chooseTheme(other)}
    >
      <Icon name={now === 'dark' ? 'sun' : 'moon'} />
    </button>
  )
}

function AccountLink() {
  const signedIn = useSignedIn()
  return signedIn ? (
    <Link to="/account" className="icon-button" aria-label="Your account">
      <Icon name="person" />
    </Link>
  ) : (
    <Link to="/sign-in" className="icon-button" aria-label="Sign in">
      <Icon name="person" />
    </Link>
  )
}

function CartLink() {
  const { pieces } = useCart()
  const count = pieces === 1 ? '1 piece' : `${pieces} pieces`
  return (
    <Link to="/shop/cart" className="icon-button cart-link" aria-label={`Cart, ${count}`}>
      <Icon name="cart" />
      {pieces > 0 && <span className="count">{pieces > 99 ? '99+' : pieces}</span>}
    </Link>
  )
}
