import { onStored, storage } from '../api/storage.ts'
import { type Line, withQuantity } from './lines.ts'

/*
 * The basket in this browser: a guest's whole basket, and of somebody who is signed in what the server has not
 * taken yet. It survives a reload and is the same in all tabs.
 */
const key = 'sidecart.basket'
const listeners = new Set<() => void>()
let lines = stored()

export const localBasket = {
  lines: (): readonly Line[] => lines,
  put: (sku: string, quantity: number): void => keep(withQuantity(lines, sku, quantity)),
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

onStored(key, () => {
  lines = stored()
  tell()
})

function keep(next: readonly Line[]): void {
  lines = next
  if (next.length === 0) storage.remove(key)
  else storage.set(key, JSON.stringify(next))
  tell()
}

function tell(): void {
  for (const listener of listeners) listener()
}

/** What an earlier version or somebody's hands have left there is not trusted. */
function stored(): readonly Line[] {
  try {
    const found: unknown = JSON.parse(storage.get(key) ?? '[]')
    return Array.isArray(found) ? found.filter(isLine) : []
  } catch {
    return []
  }
}

function isLine(line: Partial<Line> | null): line is Line {
  return (
    typeof line?.sku === 'string' && Number.isInteger(line.quantity) && Number(line.quantity) > 0
  )
}
