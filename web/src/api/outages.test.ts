import { notifyManager, QueryClient, QueryObserver } from '@tanstack/react-query'
import { expect, it } from 'vitest'
import { keepOutages } from './outages.ts'
import { unreachable } from './problem.ts'

it('what is away stays away while it is asked for again, and is there when it answers', async () => {
  let isAway = true
  const queryFn = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (isAway) throw unreachable()
    return 'here'
  }
  const queries = new QueryClient()
  keepOutages(queries)
  const observer = new QueryObserver(queries, { queryKey: ['one'], queryFn, retry: false })
  const seen: string[] = []
  const look = ({ status, fetchStatus } = observer.getCurrentResult()) => `${status} ${fetchStatus}`
  // like React, reads the state after all updates of a batch
  const end = observer.subscribe(notifyManager.batchCalls(() => seen.push(look())))
  await expect.poll(() => seen.at(-1)).toBe('error idle')
  seen.splice(0)
  await observer.refetch()
  await expect.poll(() => seen.at(-1)).toBe('error idle')
  expect([...new Set(seen)]).toEqual(['error fetching', 'error idle'])
  isAway = false
  await observer.refetch()
  expect(observer.getCurrentResult()).toMatchObject({
    status: 'success',
    data: 'here',
    error: null,
  })
  end()
  queries.clear()
})
