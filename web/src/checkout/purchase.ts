import type { PlaceOrder } from '@sidecart/orders/contract.ts'
import { randomId } from '../api/random-id.ts'
import { currentUser } from '../api/session.ts'
import { onStored, storage } from '../api/storage.ts'

/*
 * The purchase that a user has begun in this browser and whose outcome the user does not know yet. It is stored before
 * the first request goes out, is the same in all tabs, and stays through lost answers, reloads, and other cards chosen:
 * every request in between names the same purchase, of which the shop makes one order.
 */
export type Purchase = {
  /** What the shop knows it by: the `cartId` of the order. */
  id: string
  /** Makes the idempotency keys of this purchase different from those of every other. */
  nonce: string
  /** The order that was made of it, once that is known. */
  orderId?: string
}

const prefix = 'sidecart.purchase.'
const keyOf = (user: string): string => `${prefix}${user}`
const listeners = new Set<() => void>()
onStored(prefix, tell)

export const openPurchase = {
  /** The stored text, which is the same for as long as the purchase is. */
  text: (): string | null => {
    const user = currentUser()
    return user ? storage.get(keyOf(user)) : null
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

/** The open purchase, or a new one over this cart. */
export function beginPurchase(user: string, cartId: string | undefined): Purchase {
  const before = purchaseIn(storage.get(keyOf(user)))
  if (before) return before
  const purchase = { id: cartId ?? randomId(), nonce: randomId() }
  keep(user, purchase)
  return purchase
}

/** Notes which order the purchase has become. */
export function noteOrder(user: string, purchase: Purchase, orderId: string): void {
  keep(user, { ...purchase, orderId })
}

/** The user sees what became of an order: the next purchase is another one. */
export function endPurchase(orderId: string): void {
  const user = currentUser()
  if (!user || purchaseIn(storage.get(keyOf(user)))?.orderId !== orderId) return
  storage.remove(keyOf(user))
  tell()
}

/**
 * The idempotency key of a request for a purchase: the same for the same request, in every tab and after every reload.
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
 * 64 bits of FNV-1a. The key needs no more: two requests of one purchase that had the same fingerprint would be refused,
 * not confused.
 */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16)
}
