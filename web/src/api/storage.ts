/** Holds only entries rejected by localStorage. */
const memory = new Map<string, string>()

/** localStorage, or memory of this page where localStorage is unavailable. */
export const storage = {
  get(key: string): string | null {
    return memory.get(key) ?? tried(() => localStorage.getItem(key)) ?? null
  },
  set(key: string, value: string): void {
    memory.set(key, value)
    tried(() => {
      localStorage.setItem(key, value)
      memory.delete(key)
    })
  },
  remove(key: string): void {
    memory.delete(key)
    tried(() => localStorage.removeItem(key))
  },
}

function tried<T>(access: () => T): T | undefined {
  try {
    return access()
  } catch {
    return undefined
  }
}

/** Calls the listener when another tab has changed an entry with this key prefix. */
export function onStored(prefix: string, changed: () => void): () => void {
  const listener = ({ key }: StorageEvent) => {
    if (key !== null && !key.startsWith(prefix)) return
    if (key === null) memory.clear()
    else memory.delete(key)
    changed()
  }
  addEventListener('storage', listener)
  return () => removeEventListener('storage', listener)
}
