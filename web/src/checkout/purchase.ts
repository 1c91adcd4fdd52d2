import type { PlaceOrder } from '@sidecart/orders/contract.ts'
import { randomId } from '../api/random-id.ts'
import { currentUser } from '../api/session.ts'
import { onStored, storage } from '../api/storage.ts'

/* A purchase started in this browser, with an outcome not yet known to the user. The purchase is
   stored before the first request, shared by all tabs, and survives lost responses, reloads and a
   change of card: every request names the same purchase, so the shop creates one order. */
export type Purchase = {
  /** The `cartId` of the order. */
  id: string
  /** Makes the idempotency keys of this purchase unique. */
  nonce: string
  /** The order of this purchase, once known. */
  orderId?: string
}

const prefix = 'sidecart.purchase.'
const keyOf = (user: string): string => `${prefix}${user}`
const listeners = new Set<() => void>()
onStored(prefix, tell)

export const openPurchase = {
  /** The stored text, unchanged as long as the purchase is. */
  text: (): string | null => {
    const user = currentUser()
    return user ? storage.get(keyOf(user)) : null
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

/** Returns the open purchase, or starts a new one for this cart. */
export function beginPurchase(user: string, cartId: string | undefined): Purchase {
  const before = purchaseIn(storage.get(keyOf(user)))
  if (before) return before
  const purchase = { id: cartId ?? randomId(), nonce: randomId() }
  keep(user, purchase)
  return purchase
}

/** Stores the order id of the purchase. */
export function noteOrder(user: string, purchase: Purchase, orderId: string): void {
  keep(user, { ...purchase, orderId })
}

/** Ends the purchase after the user has seen the outcome of the order. */
export function endPurchase(orderId: string): void {
  const user = currentUser()
  if (!user || purchaseIn(storage.get(keyOf(user)))?.orderId !== orderId) return
  storage.remove(keyOf(user))
  tell()
}

/**
 * Returns the idempotency key of a request for a purchase: the same key for the same request, in
 * every tab and after every reload.
 */
export const keyFor = ({ nonce }: Purchase, order: PlaceOrder): string =>
  `${nonce}-${fingerprint(JSON.stringify(order))}`

export function purchaseIn(text: string | null): Purchase | undefined {
  try {
    const found = JSON.parse(text ?? '') as Partial<Purchase> | null
    return typeof found?.id === 'string' && typeof found.nonce === 'string'
      ? (found as Purchase)
      : undefined
  } catch {
    return undefined
  }
}

function keep(user: string, purchase: Purchase): void {
  storage.set(keyOf(user), JSON.stringify(purchase))
  tell()
}

function tell(): void {
  for (const listener of listeners) listener()
}

/**
 * 64-bit FNV-1a. A collision between two requests of one purchase would cause a refusal, not a
 * mix-up.
 */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16)
}
