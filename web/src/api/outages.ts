import type { QueryClient } from '@tanstack/react-query'
import { isOutage } from './problem.ts'

/**
 * Keeps a query in the error state while an unavailable service is polled. By default the error
 * disappears during a retry: pages would flicker and lose typed text.
 */
export function keepOutages(queries: QueryClient): void {
  const outages = new WeakMap<object, Error>()
  queries.getQueryCache().subscribe((event) => {
    if (event.type !== 'updated') return
    const { query, action } = event
    if (action.type === 'error' && isOutage(action.error)) outages.set(query, action.error)
    if (action.type === 'success') outages.delete(query)
    const error = outages.get(query)
    if (action.type === 'fetch' && error && query.state.data === undefined)
      query.setState({ status: 'error', error })
  })
}
