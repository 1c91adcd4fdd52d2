import type { ComponentProps, ReactNode } from 'react'

type Look = 'quiet' | 'danger' | undefined

type ButtonProps = Omit<ComponentProps<'button'>, 'className'> & {
  look?: Look
  wide?: boolean
  /** Work is in progress: the button stays focusable, announces the state, and ignores presses. */
  busy?: boolean
  children: ReactNode
}

export const buttonClass = (look?: Look, wide = false): string =>
  ['button', look, wide && 'wide'].filter(Boolean).join(' ')

export function Button({ look, wide, busy = false, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={buttonClass(look, wide)}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {busy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  )
}
