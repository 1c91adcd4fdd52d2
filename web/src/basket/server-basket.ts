// carts: optional file
import type { Cart, cartsRoutes } from '@sidecart/carts/contract.ts'
import { queryOptions } from '@tanstack/react-query'
import { answer } from '../api/client.ts'
import { isProblem, ShopProblem } from '../api/problem.ts'
import { mine } from '../api/queries.ts'
import { type Change, decide, type Line, quantityOf } from './lines.ts'

export type ServerBasket = { lines: readonly Line[]; cartId: string | undefined; etag: string }

type Answered = { data: Cart; headers: Headers }
const toBasket = ({ data, headers }: Answered): ServerBasket => ({
  lines: data.lines,
  cartId: data.cartId,
  // a compressing proxy makes an ETag weak, and a weak ETag never matches
  etag: headers.get('etag')?.replace(/^W\//, '') ?? '*',
})

const fetchBasket = async (input: { signal?: AbortSignal; as?: string } = {}) =>
  toBasket(await answer<typeof cartsRoutes.show>('get', '/cart', input))

/** Query for a user's cart, by default the current user's. */
export const basketQuery = (owner?: string) =>
  queryOptions({
    queryKey: [...mine(owner), 'basket'],
    queryFn: ({ signal }) => fetchBasket({ signal }),
    staleTime: 5_000,
  })

const mostTries = 4
const pauseMs = 250

/** A change with its user, so that no other user's cart is changed. */
export type OwnChange = Change & { owner: string }

/**
 * Applies a change to the known cart. After a concurrent change, decides again on the current cart;
 * while the cart is busy, retries after a pause.
 * @throws ShopProblem `basket-changed` when the quantity seen by the user is outdated
 */
export async function saveChange(
  change: OwnChange,
  basket: ServerBasket | undefined,
  tries = 1,
): Promise<ServerBasket> {
  const { owner: as } = change
  const known = basket ?? (await fetchBasket({ as }))
  const wanted = decide(change, known.lines)
  if (wanted === undefined)
    throw new ShopProblem(412, 'basket-changed', 'It was changed elsewhere.')
  if (wanted === quantityOf(known.lines, change.sku)) return known
  try {
    return await put(change.sku, wanted, known.etag, as)
  } catch (error) {
    const isBusy = isProblem(error, 'cart-busy')
    if (!(isBusy || isProblem(error, 'etag-mismatch')) || tries >= mostTries) throw error
    if (isBusy) await new Promise((resolve) => setTimeout(resolve, pauseMs * tries))
    return saveChange(change, await fetchBasket({ as }), tries + 1)
  }
}

async function put(sku: string, quantity: number, etag: string, as: string): Promise<ServerBasket> {
  const common = { params: { sku }, headers: { 'if-match': etag }, as, outlivesPage: true }
  if (quantity === 0)
    return toBasket(await answer<typeof cartsRoutes.remove>('delete', '/cart/items/{sku}', common))
  const body = { quantity }
  return toBasket(
    await answer<typeof cartsRoutes.put>('put', '/cart/items/{sku}', { ...common, body }),
  )
}
