import { queryOptions } from '@tanstack/react-query'
import type { cartsRoutes } from '../../../services/carts/contract.ts'
import { answer } from '../api/client.ts'
import { isProblem, ShopProblem } from '../api/problem.ts'
import { mine } from '../api/queries.ts'
import { type Change, decide, type Line, quantityOf } from './lines.ts'

export type ServerBasket = { lines: readonly Line[]; etag: string }

type Answered = { data: { lines: Line[] }; headers: Headers }
const toBasket = ({ data, headers }: Answered): ServerBasket => ({
  lines: data.lines,
  etag: headers.get('etag') ?? '*',
})

const fetchBasket = async (signal?: AbortSignal): Promise<ServerBasket> =>
  toBasket(await answer<typeof cartsRoutes.show>('get', '/cart', { ...(signal && { signal }) }))

export const basketQuery = () =>
  queryOptions({
    queryKey: [mine, 'basket'],
    queryFn: ({ signal }) => fetchBasket(signal),
    staleTime: 5_000,
  })

const mostTries = 4

/**
 * Makes a change to the basket that was read. When somebody was faster, the change is decided again on what is
 * there now.
 * @throws ShopProblem `basket-changed` when that is not what its maker saw
 */
export async function saveChange(
  change: Change,
  basket: ServerBasket | undefined,
  tries = 1,
): Promise<ServerBasket> {
  const known = basket ?? (await fetchBasket())
  const wanted = decide(change, known.lines)
  if (wanted === undefined)
    throw new ShopProblem(412, 'basket-changed', 'It was changed elsewhere.')
  if (wanted === quantityOf(known.lines, change.sku)) return known
  try {
    return await put(change.sku, wanted, known.etag)
  } catch (error) {
    if (!isProblem(error, 'etag-mismatch') || tries >= mostTries) throw error
    return saveChange(change, await fetchBasket(), tries + 1)
  }
}

async function put(sku: string, quantity: number, etag: string): Promise<ServerBasket> {
  const headers = { 'if-match': etag }
  const params = { sku }
  if (quantity === 0)
    return toBasket(
      await answer<typeof cartsRoutes.remove>('delete', '/cart/items/{sku}', { params, headers }),
    )
  const body = { quantity }
  return toBasket(
    await answer<typeof cartsRoutes.put>('put', '/cart/items/{sku}', { params, headers, body }),
  )
}
