import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Button } from './button.tsx'

type ConfirmProps = {
  title: string
  children: ReactNode
  action: string
  busy?: boolean
  onConfirm: () => void
  onClose: () => void
}

/**
 * Asks before an irreversible action. Uses the browser's own dialog: focus stays inside, Escape
 * closes.
 */
export function Confirm({
  title,
  children,
  action,
  busy = false,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onClose={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault()
          onConfirm()
        }}
      >
        <h2 id={titleId}>{title}</h2>
        <div>{children}</div>
        <div className="row">
          <Button look="quiet" onClick={() => dialog.current?.close()}>
            Keep it
          </Button>
          <Button type="submit" look="danger" busy={busy}>
            {action}
          </Button>
        </div>
      </form>
    </dialog>
  )
}
