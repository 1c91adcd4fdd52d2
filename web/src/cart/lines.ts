import type { PlaceOrder } from '@sidecart/orders/contract.ts'
import { limits } from './limits.ts'

export type Line = PlaceOrder['lines'][number]

/**
 * A change of the cart. `set` contains the quantity seen by the user, so that a change made
 * elsewhere is not overwritten unseen; `add` and `at-least` are valid for any quantity.
 */
export type Change = { sku: string; quantity: number } & (
  | { kind: 'add' }
  | { kind: 'at-least' }
  | { kind: 'set'; seen: number }
)

export const quantityOf = (lines: readonly Line[], sku: string): number =>
  lines.find((line) => line.sku === sku)?.quantity ?? 0

export const piecesIn = (lines: readonly Line[]): number =>
  lines.reduce((sum, { quantity }) => sum + quantity, 0)

/**
 * Returns the quantity after a change, or `undefined` when the quantity seen by the user is
 * outdated.
 */
export function decide(change: Change, lines: readonly Line[]): number | undefined {
  const there = quantityOf(lines, change.sku)
  if (change.kind === 'add') return Math.min(limits.pieces, there + change.quantity)
  if (change.kind === 'at-least') return Math.max(there, change.quantity)
  if (there === change.quantity) return there
  return there === change.seen ? change.quantity : undefined
}

/** Returns the lines with a new quantity of a product; 0 removes the line. */
export function withQuantity(lines: readonly Line[], sku: string, quantity: number): Line[] {
  if (quantity <= 0) return lines.filter((line) => line.sku !== sku)
  if (quantityOf(lines, sku) === 0) return [...lines, { sku, quantity }]
  return lines.map((line) => (line.sku === sku ? { sku, quantity } : line))
}

export const applied = (lines: readonly Line[], change: Change): Line[] =>
  withQuantity(lines, change.sku, decide(change, lines) ?? quantityOf(lines, change.sku))

/** Merges two carts, with the larger quantity of each product. Merging is idempotent. */
export const merged = (lines: readonly Line[], others: readonly Line[]): Line[] =>
  others.reduce<Line[]>(
    (all, { sku, quantity }) => applied(all, { kind: 'at-least', sku, quantity }),
    [...lines],
  )
