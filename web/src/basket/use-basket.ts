import { useSyncExternalStore } from 'react'
import { useUser } from '../api/use-session.ts'
import { type Change, decide, type Line, piecesIn } from './lines.ts'
import { localBasket } from './local-basket.ts'
// carts: optional
import { useChangeSaved, useSavedBasket } from './saved-basket.ts'
// /carts

export type Basket = {
  lines: readonly Line[]
  pieces: number
  /** No data yet. */
  loading: boolean
  /** The server's cart is unavailable, so lines may be missing. */
  unreachable: boolean
  /** The server is available, but has not yet stored all lines shown. */
  underWay: boolean
  /** Id of the purchase, once the server has the cart. */
  cartId: string | undefined
}

/** The cart as seen by its owner: kept in this browser for a guest, by the server for a user. */
export function useBasket(): Basket {
  const kept = useSyncExternalStore(localBasket.subscribe, localBasket.lines)
  // carts: optional
  const signedIn = useUser() !== undefined
  const saved = useSavedBasket()
  if (signedIn) return saved
  // /carts
  return {
    lines: kept,
    pieces: piecesIn(kept),
    loading: false,
    unreachable: false,
    underWay: false,
    cartId: undefined,
  }
}

/** Returns a function that changes the cart at once, and on the server for a user. */
export function useChangeBasket(): (change: Change) => void {
  // carts: optional
  const owner = useUser()
  const save = useChangeSaved()
  if (owner) return (change) => save({ ...change, owner })
  // /carts
  return changeLocally
}

function changeLocally(change: Change): void {
  const wanted = decide(change, localBasket.lines())
  if (wanted !== undefined) localBasket.put(change.sku, wanted)
}
