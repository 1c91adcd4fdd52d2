const memory = new Map<string, string>()

/** localStorage, or this page's memory where the browser has none to give. */
export const storage = {
  get(key: string): string | null {
    return tried(() => localStorage.getItem(key)) ?? memory.get(key) ?? null
  },
  set(key: string, value: string): void {
    memory.set(key, value)
    tried(() => localStorage.setItem(key, value))
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

/** Calls back when another tab has changed an entry. */
export function onStored(key: string, changed: () => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.key !== key && event.key !== null) return
    memory.delete(key)
    changed()
  }
  addEventListener('storage', listener)
  return () => removeEventListener('storage', listener)
}
