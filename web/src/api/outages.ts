import type { QueryClient } from '@tanstack/react-query'
import { isOutage } from './problem.ts'

/**
 * What is away stays so while it is asked for again. By default its error is gone meanwhile: pages would blink, and lose
 * what was typed in them.
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
