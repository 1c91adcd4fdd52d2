import type { ReactNode } from 'react'

/** Wide content in a region scrollable with pointer and keyboard. */
export function Scrolling({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by a keyboard
    <section className="scrolling" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
