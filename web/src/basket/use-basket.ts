import { useMutation, useMutationState, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { isOutage, isProblem } from '../api/problem.ts'
import { useSignedIn } from '../api/use-session.ts'
import { toast } from '../ui/toasts.tsx'
import { applied, type Change, decide, type Line, merged, piecesIn, quantityOf } from './lines.ts'
import { localBasket } from './local-basket.ts'
import { basketQuery, saveChange } from './server-basket.ts'

export type Basket = {
  lines: readonly Line[]
  pieces: number
  /** Nothing is known yet. */
  loading: boolean
  /** The server's basket does not answer: what is shown may lack what is in there. */
  unreachable: boolean
  /** The server answers, and will have in a moment what is shown. */
  underWay: boolean
}

const changing = ['change basket']

/** The basket as its owner sees it: the server's, what is on the way to it, and what this browser keeps. */
export function useBasket(): Basket {
  const signedIn = useSignedIn()
  const kept = useLocalLines()
  const { data, error, isPending } = useQuery({ ...basketQuery(), enabled: signedIn })
  const changes = useMutationState({
    filters: { mutationKey: changing, status: 'pending' },
    select: ({ state }) => state.variables as Change,
  })
  const lines = merged(changes.reduce(applied, [...(data?.lines ?? [])]), kept)
  return {
    lines,
    pieces: piecesIn(lines),
    loading: signedIn && isPending && !error,
    unreachable: signedIn && isOutage(error),
    underWay: signedIn && !error && changes.length + kept.length > 0,
  }
}

const useLocalLines = () => useSyncExternalStore(localBasket.subscribe, localBasket.lines)

/** Changes the basket at once for the eye, and then for good. */
export function useChangeBasket(): (change: Change) => void {
  const signedIn = useSignedIn()
  const { mutate } = useSavedChanges()
  return (change) => {
    if (!signedIn) return changeLocally(change)
    mutate(change)
    if (change.kind === 'set') localBasket.put(change.sku, 0)
  }
}

function changeLocally(change: Change): void {
  const wanted = decide(change, localBasket.lines())
  if (wanted !== undefined) localBasket.put(change.sku, wanted)
}

/** One change after the other, each on the basket that the one before it has left. */
function useSavedChanges() {
  const queries = useQueryClient()
  const { queryKey } = basketQuery()

  /** What was added while the server does not answer waits here. */
  function keep(change: Change): void {
    const known = merged(queries.getQueryData(queryKey)?.lines ?? [], localBasket.lines())
    localBasket.put(change.sku, quantityOf(applied(known, change), change.sku))
    toast('Kept in this browser until your basket answers again.')
  }

  return useMutation({
    mutationKey: changing,
    scope: { id: 'basket' },
    mutationFn: (change: Change) => saveChange(change, queries.getQueryData(queryKey)),
    onSuccess: (basket, change) => {
      queries.setQueryData(queryKey, basket)
      if (change.kind === 'at-least') localBasket.put(change.sku, 0)
    },
    onError: async (error, change) => {
      const outage = isOutage(error) || isProblem(error, 'unauthenticated')
      if (outage && change.kind === 'add') keep(change)
      else if (!outage || change.kind === 'set') toast(refusalOf(error))
      if (!outage && change.kind === 'at-least') localBasket.put(change.sku, 0)
      await queries.invalidateQueries({ queryKey })
    },
  })
}

function refusalOf(error: Error): string {
  if (isOutage(error)) return 'Your basket does not answer; please try again shortly.'
  if (isProblem(error, 'basket-changed'))
    return 'Your basket was changed elsewhere. This is what is in it now.'
  if (isProblem(error, 'cart-full')) return 'Your basket is full: 50 products at most.'
  return error.message
}

/** Hands what this browser keeps to the server as soon as somebody is signed in and it answers. */
export function useHandOver(): void {
  const signedIn = useSignedIn()
  const [next] = useLocalLines()
  const { isSuccess } = useQuery({ ...basketQuery(), enabled: signedIn })
  const { mutate, isPending } = useSavedChanges()
  useEffect(() => {
    if (signedIn && isSuccess && !isPending && next) mutate({ kind: 'at-least', ...next })
  }, [signedIn, isSuccess, isPending, next, mutate])
}
