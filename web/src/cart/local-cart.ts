import { currentUser, onSession } from '../api/session.ts'
import { onStored, storage } from '../api/storage.ts'
import { type Line, merged, withQuantity } from './lines.ts'

/* The cart in this browser: a guest's whole cart, or a user's lines not yet stored by the server.
   Each owner has a separate entry, so no user sees or receives lines of another user. The cart
   survives a reload and is shared by all tabs. */
const guests = 'sidecart.cart'
/** The name of these entries in earlier versions of this page. */
const former = 'sidecart.basket'
const keyOf = (owner: string | undefined): string => (owner ? `${guests}.${owner}` : guests)

const listeners = new Set<() => void>()
let known: { key: string; text: string | null; lines: readonly Line[] } | undefined

export const localCart = {
  /** Lines of the current user or guest. Returns the same array until a change. */
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
  adopt()
  handOver()
  tell()
})
adopt()
handOver()

/** Takes the lines that an earlier version kept for this user, and for guests. */
function adopt(): void {
  for (const owner of new Set([undefined, currentUser()])) {
    const old = keyOf(owner).replace(guests, former)
    const lines = parsed(storage.get(old))
    if (lines.length > 0) keep(owner, merged(linesOf(owner), lines))
    storage.remove(old)
  }
}

/**
 * Moves a guest's cart to the user after signing in. The lines stay with this user after signing
 * out.
 */
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

/** Rejects malformed content, from an earlier version or manual edits. */
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
