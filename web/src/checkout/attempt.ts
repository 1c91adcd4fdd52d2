import type { PlaceOrder } from '../../../services/orders/contract.ts'
import { storage } from '../api/storage.ts'

const key = 'sidecart.attempt'
const goodForMs = 15 * 60_000

type Attempt = { order: string; idempotencyKey: string; at: number }

/**
 * The idempotency key for an order. Until it is accepted the same order keeps its key: pressing twice, reloading, or
 * trying again after a lost answer never orders twice.
 */
export function keyFor(order: PlaceOrder, now = Date.now()): string {
  const wanted = JSON.stringify(order)
  const before = stored()
  if (before?.order === wanted && now - before.at < goodForMs) return before.idempotencyKey
  const attempt: Attempt = { order: wanted, idempotencyKey: crypto.randomUUID(), at: now }
  storage.set(key, JSON.stringify(attempt))
  return attempt.idempotencyKey
}

/** The order was accepted or refused for good: the next one is another. */
export const attemptIsOver = (): void => storage.remove(key)

function stored(): Attempt | undefined {
  try {
    return JSON.parse(storage.get(key) ?? '') as Attempt
  } catch {
    return undefined
  }
}
