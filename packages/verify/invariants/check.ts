import type { Line, OrderRow, Snapshot } from './snapshot.ts'

/**
 * An invariant. `violations` returns one line per finding, with ids; an empty list means the
 * equation holds. A check with scope `orders` looks at each order (or user) separately and can
 * therefore run slice by slice; a check with scope `shop` needs sums.
 */
export type Check = {
  name: string
  scope: 'orders' | 'shop'
  means: string
  /** A service without which there is nothing to check. */
  about?: string
  violations(world: Snapshot): string[]
}

/** States in which an order holds goods and money. */
export const kept: readonly string[] = ['confirmed', 'shipped', 'delivered']
export const undone: readonly string[] = ['cancelled', 'refunded']

export const rests = ({ status }: OrderRow): boolean =>
  kept.includes(status) || undone.includes(status)

/** Multiset difference: the lines occurring more often in `these` than in `those`. */
export function without(these: readonly string[], those: readonly string[]): string[] {
  const left = countsOf(those)
  return these.filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

export function countsOf(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

/** Canonical text of order lines, independent of their sequence. */
export const listed = (lines: readonly Line[]): string =>
  lines
    .map(({ sku, quantity }) => `${quantity} × ${sku}`)
    .toSorted()
    .join(', ')
