import { storage } from '../api/storage.ts'

const key = 'sidecart.theme'
const dark = () => matchMedia('(prefers-color-scheme: dark)').matches

type Theme = 'light' | 'dark'

/** The chosen look, or the system's. */
export const theme = (): Theme =>
  storage.get(key) === 'dark' || (storage.get(key) === null && dark()) ? 'dark' : 'light'

export function applyTheme(): void {
  if (storage.get(key)) document.documentElement.style.colorScheme = theme()
}

export function chooseTheme(chosen: Theme): void {
  storage.set(key, chosen)
  applyTheme()
}
