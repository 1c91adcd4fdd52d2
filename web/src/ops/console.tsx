import { useQuery } from '@tanstack/react-query'
import { profileQuery } from '../api/queries.ts'
import { NotFound } from '../shop/not-found.tsx'
import { Page } from '../ui/page.tsx'

/** The operations console, a chunk of its own: its pages, queries and styles stay in this folder. */
export function Console() {
  const { data } = useQuery(profileQuery())
  if (!data) return null
  if (data.role !== 'operator') return <NotFound />
  return (
    <Page title="Operations">
      <ul className="stack">
        <li>
          <a href="/docs">API explorer</a>
        </li>
        <li>
          <code>npx sidecart status</code> and <code>npx sidecart logs</code> show every process.
        </li>
      </ul>
    </Page>
  )
}
