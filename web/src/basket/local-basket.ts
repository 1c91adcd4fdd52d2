import { currentUser, onSession } from '../api/session.ts'
import { onStored, storage } from '../api/storage.ts'
import { type Line, merged, withQuantity } from './lines.ts'

/*
 * The cart in this browser: a guest's whole cart, and of a user what the server has not taken yet. Each has an entry of
 * its own, so that no user sees or is handed what another one has left here. It survives a reload and is the same in all
 * tabs.
 */
const guests = 'sidecart.basket'
const keyOf = (owner: string | undefined): string => (owner ? `${guests}.${owner}` : guests)

const listeners = new Set<() => void>()
let known: { key: string; text: string | null; lines: readonly Line[] } | undefined

export const localBasket = {
  /** Those of the user who is signed in, or of the guest. The same array until they change. */
  lines: (): readonly Line[] => linesOf(currentUser()),
  put(sku: string, quantity: number, owner = currentUser()): void {
    keep(owner, withQuantity(linesOf(owner), sku, quantity))
    tell()
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

onStored(guests, tell)
onSession(() => {
  handOver()
  tell()
})
handOver()

/** A guest who signs in takes the guest's cart along; from then on it is that user's, also after signing out again. */
function handOver(): void {
  const user = currentUser()
  const lines = linesOf(undefined)
  if (!user || lines.length === 0) return
  keep(user, merged(linesOf(user), lines))
  keep(undefined, [])
}

function keep(owner: string | undefined, lines: readonly Line[]): void {
  if (lines.length === 0) storage.remove(keyOf(owner))
  else storage.set(keyOf(owner), JSON.stringify(lines))
}

function tell(): void {
  for (const listener of listeners) listener()
}

function linesOf(owner: string | undefined): readonly Line[] {
  const key = keyOf(owner)
  const text = storage.get(key)
  if (known?.key !== key || known.text !== text) known = { key, text, lines: parsed(text) }
  return known.lines
}

/** What an earlier version or somebody's hands have left there is not trusted. */
function parsed(text: string | null): readonly Line[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]')
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
