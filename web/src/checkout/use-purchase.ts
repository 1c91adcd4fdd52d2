import type { OrderView, ordersRoutes } from '@sidecart/orders/contract.ts'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { ask } from '../api/client.ts'
import { mine } from '../api/queries.ts'
import { isDecided } from '../orders/status.ts'
import { openPurchase, type Purchase, purchaseIn } from './purchase.ts'

const againMs = 3_000

/** Returns the order of a purchase, or `null` when there is none or the order was cancelled. */
export async function findOrder(
  { id, orderId }: Purchase,
  signal?: AbortSignal,
): Promise<OrderView | null> {
  if (orderId)
    return await ask<typeof ordersRoutes.get>('get', '/orders/{orderId}', {
      params: { orderId },
      ...(signal && { signal }),
    })
  const { orders } = await ask<typeof ordersRoutes.list>('get', '/orders', {
    query: { cartId: id, limit: '1' },
    ...(signal && { signal }),
  })
  return orders[0] ?? null
}

const purchaseQuery = (purchase: Purchase | undefined) =>
  queryOptions({
    queryKey: [...mine(), 'purchase', purchase?.id, purchase?.orderId],
    queryFn: ({ signal }) => (purchase ? findOrder(purchase, signal) : null),
    enabled: purchase !== undefined,
    refetchInterval: ({ state: { data } }) => (data && isDecided(data.status) ? false : againMs),
    staleTime: 0,
  })

/** The order of the open purchase, as soon as the shop knows one. */
export function useOpenPurchase(): OrderView | undefined {
  const purchase = purchaseIn(useSyncExternalStore(openPurchase.subscribe, openPurchase.text))
  const { data } = useQuery(purchaseQuery(purchase))
  return (purchase && data) ?? undefined
}
