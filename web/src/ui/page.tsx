import { type ReactNode, useEffect } from 'react'

/** Sets the document title; the layout announces the title after navigation. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Sidecart`
  }, [title])
}

/** A page with its heading. */
export function Page({
  title,
  lead,
  narrow = false,
  children,
}: {
  title: string
  lead?: ReactNode
  narrow?: boolean
  children: ReactNode
}) {
  useTitle(title)
  return (
    <div className={narrow ? 'page narrow' : 'page'}>
      <header className="page-head">
        <h1>{title}</h1>
        {lead && <p className="soft">{lead}</p>}
      </header>
      {children}
    </div>
  )
}
