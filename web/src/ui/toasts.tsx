import { type ReactNode, useSyncExternalStore } from 'react'
import { Icon } from './icon.tsx'

type Toast = { id: number; message: ReactNode }

const shownMs = 6_000
let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

/** Shows a short-lived message. Not for messages the user must not miss. */
export function toast(message: ReactNode): void {
  lastId += 1
  const id = lastId
  set([...toasts.slice(-2), { id, message }])
  setTimeout(() => dismiss(id), shownMs)
}

const dismiss = (id: number): void => set(toasts.filter((one) => one.id !== id))

/** Removes all toasts, e.g. after navigation. */
export const dismissToasts = (): void => set([])

function set(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts)
  return (
    <div className="toasts" role="status">
      {shown.map(({ id, message }) => (
        <div key={id} className="toast">
          <span>{message}</span>
          <button
            type="button"
            className="icon-button"
            aria-label="Dismiss"
            onClick={() => dismiss(id)}
          >
            <Icon name="cross" size={16} />
          </button>
        </div>
      ))}
    </div>
  )
}
