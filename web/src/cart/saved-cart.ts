// carts: optional file
import { useMutation, useMutationState, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { isOutage, isProblem } from '../api/problem.ts'
import { currentUser } from '../api/session.ts'
import { useUser } from '../api/use-session.ts'
import { toast } from '../ui/toasts.tsx'
import { limits } from './limits.ts'
import { applied, merged, piecesIn, quantityOf } from './lines.ts'
import { localCart } from './local-cart.ts'
import { cartQuery, type OwnChange, saveChange } from './server-cart.ts'
import type { Cart } from './use-cart.ts'

const changing = ['change cart']

/**
 * The cart of a user as its owner sees it: the server's lines, pending changes, and lines kept in
 * this browser.
 */
export function useSavedCart(): Cart {
  const user = useUser()
  const signedIn = user !== undefined
  const kept = useLocalLines()
  const { data, error, isPending } = useQuery({ ...cartQuery(), enabled: signedIn })
  const changes = useMutationState({
    filters: { mutationKey: changing, status: 'pending' },
    select: ({ state }) => state.variables as OwnChange,
  }).filter(({ owner }) => owner === user)
  const lines = merged(changes.reduce(applied, [...(data?.lines ?? [])]), kept)
  return {
    lines,
    pieces: piecesIn(lines),
    loading: signedIn && isPending && !error,
    unreachable: signedIn && isOutage(error),
    underWay: signedIn && !error && changes.length + kept.length > 0,
    cartId: data?.cartId,
  }
}

const useLocalLines = () => useSyncExternalStore(localCart.subscribe, localCart.lines)

/** Returns a function that changes the cart optimistically, then on the server. */
export function useChangeSaved(): (change: OwnChange) => void {
  const { mutate } = useSavedChanges()
  return (change) => {
    mutate(change)
    if (change.kind === 'set') localCart.put(change.sku, 0)
  }
}

/** Saves changes one after another, each based on the result of the previous one. */
function useSavedChanges() {
  const queries = useQueryClient()
  const keyOf = ({ owner }: OwnChange) => cartQuery(owner).queryKey

  /** Keeps additions in this browser while the server is unavailable. */
  function keep(change: OwnChange): void {
    if (change.owner !== currentUser()) {
      localCart.put(change.sku, change.quantity, change.owner)
      return
    }
    const known = merged(queries.getQueryData(keyOf(change))?.lines ?? [], localCart.lines())
    localCart.put(change.sku, quantityOf(applied(known, change), change.sku))
    toast('Kept in this browser until your cart answers again.')
  }

  return useMutation({
    mutationKey: changing,
    scope: { id: 'cart' },
    mutationFn: (change: OwnChange) => saveChange(change, queries.getQueryData(keyOf(change))),
    onSuccess: (cart, change) => {
      queries.setQueryData(keyOf(change), cart)
      if (change.kind === 'at-least') localCart.put(change.sku, 0, change.owner)
    },
    onError: async (error, change) => {
      const outage =
        isOutage(error) || isProblem(error, 'unauthenticated') || isProblem(error, 'cart-busy')
      if (outage && change.kind === 'add') keep(change)
      else if (!outage || change.kind === 'set') toast(refusalOf(error))
      if (!outage && change.kind === 'at-least') localCart.put(change.sku, 0, change.owner)
      await queries.invalidateQueries({ queryKey: keyOf(change) })
    },
  })
}

function refusalOf(error: Error): string {
  if (isOutage(error) || isProblem(error, 'cart-busy'))
    return 'Your cart does not answer; please try again shortly.'
  if (isProblem(error, 'cart-changed'))
    return 'Your cart was changed elsewhere. This is what is in it now.'
  if (isProblem(error, 'cart-full'))
    return `Your cart is full: ${limits.products} products at most.`
  return error.message
}

/**
 * Sends the lines kept in this browser to the server once a user is signed in and the server is
 * available.
 */
export function useHandOver(): void {
  const owner = useUser()
  const [next] = useLocalLines()
  const { isSuccess } = useQuery({ ...cartQuery(), enabled: owner !== undefined })
  const { mutate, isPending } = useSavedChanges()
  useEffect(() => {
    if (owner && isSuccess && !isPending && next) mutate({ kind: 'at-least', ...next, owner })
  }, [owner, isSuccess, isPending, next, mutate])
}
