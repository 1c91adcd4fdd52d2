import { onStored, storage } from '../api/storage.ts'

export type Theme = 'light' | 'dark'

const key = 'sidecart.theme'
const darkSystem = matchMedia('(prefers-color-scheme: dark)')

/** The chosen theme, or the system's. */
export function theme(): Theme {
  const chosen = storage.get(key)
  if (chosen === 'light' || chosen === 'dark') return chosen
  return darkSystem.matches ? 'dark' : 'light'
}

export function applyTheme(): void {
  document.documentElement.style.colorScheme = storage.get(key) ? theme() : ''
}

const listeners = new Set<() => void>()

export function chooseTheme(chosen: Theme): void {
  storage.set(key, chosen)
  changed()
}

function changed(): void {
  applyTheme()
  for (const listener of listeners) listener()
}

onStored(key, changed)
darkSystem.addEventListener('change', changed)

/** Calls the listener when the theme changes: chosen here, in another tab, or by the system. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
