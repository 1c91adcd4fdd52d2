import { Link } from '@tanstack/react-router'
import { buttonClass } from '../ui/button.tsx'
import { useTitle } from '../ui/page.tsx'

export function NotFound({ what = 'page' }: { what?: string }) {
  useTitle('Not found')
  return (
    <div className="page">
      <div className="empty">
        <EmptyShelf />
        <h1>There is no such {what}</h1>
        <p className="soft">It may have moved, or the address has a slip in it.</p>
        <Link to="/shop" className={buttonClass()}>
          See all products
        </Link>
      </div>
    </div>
  )
}

/** An empty shelf. */
export function EmptyShelf() {
  return (
    <svg viewBox="0 0 160 120" aria-hidden="true">
      <g fill="none" stroke="var(--line-strong)" strokeWidth="3" strokeLinecap="round">
        <path d="M18 14v96M142 14v96M18 46h124M18 86h124" />
        <path d="M58 86c0-16 6-22 14-22s14 6 14 22" strokeDasharray="1 7" />
        <path d="M98 46V24h20v22" strokeDasharray="1 7" />
      </g>
      <circle
        cx="38"
        cy="38"
        r="8"
        fill="var(--accent-soft)"
        stroke="var(--accent)"
        strokeWidth="3"
      />
    </svg>
  )
}
