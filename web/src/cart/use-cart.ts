import { useSyncExternalStore } from 'react'
import { useUser } from '../api/use-session.ts'
import { type Change, decide, type Line, piecesIn } from './lines.ts'
import { localCart } from './local-cart.ts'
// carts: optional
import { useChangeSaved, useSavedCart } from './saved-cart.ts'
// /carts

export type Cart = {
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
export function useCart(): Cart {
  const kept = useSyncExternalStore(localCart.subscribe, localCart.lines)
  // carts: optional
  const signedIn = useUser() !== undefined
  const saved = useSavedCart()
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
export function useChangeCart(): (change: Change) => void {
  // carts: optional
  const owner = useUser()
  const save = useChangeSaved()
  if (owner) return (change) => save({ ...change, owner })
  // /carts
  return changeLocally
}

function changeLocally(change: Change): void {
  const wanted = decide(change, localCart.lines())
  if (wanted !== undefined) localCart.put(change.sku, wanted)
}
