import type { OrderView } from '@sidecart/orders/contract.ts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { authenticated } from '../api/client.ts'
import { orderQuery } from '../api/queries.ts'
import { eventsIn } from './event-stream.ts'
import { isOver } from './status.ts'

const silenceMs = 20_000
const longestPauseMs = 10_000
const pollMs = 2_500

/** The current state of an order: by server-sent events, or by polling while no events arrive. */
export function useLiveOrder(orderId: string) {
  const queries = useQueryClient()
  const [live, setLive] = useState(false)
  const query = useQuery({
    ...orderQuery(orderId),
    refetchInterval: ({ state: { data } }) => (live || (data && isOver(data)) ? false : pollMs),
  })
  const over = query.data !== undefined && isOver(query.data)

  useEffect(() => {
    if (over) return
    const end = new AbortController()
    const { queryKey } = orderQuery(orderId)
    const received = (order: OrderView) => {
      setLive(true)
      queries.setQueryData<OrderView>(queryKey, order)
    }
    void follow(orderId, end.signal, received, () => setLive(false))
    return () => end.abort()
  }, [orderId, over, queries])

  return { ...query, live, over }
}

/** Streams end after some minutes or after a network error, and are then reopened. */
async function follow(
  orderId: string,
  signal: AbortSignal,
  received: (order: OrderView) => void,
  lost: () => void,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const headers = { accept: 'text/event-stream' }
      const path = `/orders/${orderId}/events`
      const { body } = await authenticated({ method: 'get', path, headers, signal, endless: true })
      if (!body) return
      for await (const { event, data } of eventsIn(body, silenceMs)) {
        failures = 0
        if (event === 'order') received(JSON.parse(data) as OrderView)
      }
    } catch {
      // handled below; the next stream begins with the current state of the order
    }
    if (signal.aborted) return
    lost()
    await pause(Math.min(longestPauseMs, 500 * 2 ** failures), signal)
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
