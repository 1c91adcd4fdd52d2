import type { ReactNode } from 'react'

/** What may be wider than its place: it scrolls inside, also with a keyboard. */
export function Scrolling({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by a keyboard
    <section className="scrolling" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
