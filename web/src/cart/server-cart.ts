// carts: optional file
import type { Cart, cartsRoutes } from '@sidecart/carts/contract.ts'
import { queryOptions } from '@tanstack/react-query'
import { answer } from '../api/client.ts'
import { isProblem, ShopProblem } from '../api/problem.ts'
import { mine } from '../api/queries.ts'
import { type Change, decide, type Line, quantityOf } from './lines.ts'

export type ServerCart = { lines: readonly Line[]; cartId: string | undefined; etag: string }

type Answered = { data: Cart; headers: Headers }
const toCart = ({ data, headers }: Answered): ServerCart => ({
  lines: data.lines,
  cartId: data.cartId,
  // a compressing proxy makes an ETag weak, and a weak ETag never matches
  etag: headers.get('etag')?.replace(/^W\//, '') ?? '*',
})

const fetchCart = async (input: { signal?: AbortSignal; as?: string } = {}) =>
  toCart(await answer<typeof cartsRoutes.show>('get', '/cart', input))

/** Query for a user's cart, by default the current user's. */
export const cartQuery = (owner?: string) =>
  queryOptions({
    queryKey: [...mine(owner), 'cart'],
    queryFn: ({ signal }) => fetchCart({ signal }),
    staleTime: 5_000,
  })

const mostTries = 4
const pauseMs = 250

/** A change with its user, so that no other user's cart is changed. */
export type OwnChange = Change & { owner: string }

/**
 * Applies a change to the known cart. After a concurrent change, decides again on the current cart;
 * while the cart is busy, retries after a pause.
 * @throws ShopProblem `cart-changed` when the quantity seen by the user is outdated
 */
export async function saveChange(
  change: OwnChange,
  cart: ServerCart | undefined,
  tries = 1,
): Promise<ServerCart> {
  const { owner: as } = change
  const known = cart ?? (await fetchCart({ as }))
  const wanted = decide(change, known.lines)
  if (wanted === undefined) throw new ShopProblem(412, 'cart-changed', 'It was changed elsewhere.')
  if (wanted === quantityOf(known.lines, change.sku)) return known
  try {
    return await put(change.sku, wanted, known.etag, as)
  } catch (error) {
    const isBusy = isProblem(error, 'cart-busy')
    if (!(isBusy || isProblem(error, 'etag-mismatch')) || tries >= mostTries) throw error
    if (isBusy) await new Promise((resolve) => setTimeout(resolve, pauseMs * tries))
    return saveChange(change, await fetchCart({ as }), tries + 1)
  }
}

async function put(sku: string, quantity: number, etag: string, as: string): Promise<ServerCart> {
  const common = { params: { sku }, headers: { 'if-match': etag }, as, outlivesPage: true }
  if (quantity === 0)
    return toCart(await answer<typeof cartsRoutes.remove>('delete', '/cart/items/{sku}', common))
  const body = { quantity }
  return toCart(
    await answer<typeof cartsRoutes.put>('put', '/cart/items/{sku}', { ...common, body }),
  )
}
