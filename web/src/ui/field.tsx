import { type ComponentProps, type ReactNode, useId } from 'react'
import { Icon } from './icon.tsx'

type Shared = { label: ReactNode; hint?: string; fault?: string | undefined }

/** A labelled input. An error is shown below and announced to screen readers. */
export function TextField({ label, hint, fault, ...input }: Shared & ComponentProps<'input'>) {
  const described = useDescription(hint, fault)
  return (
    <div className="field">
      <label htmlFor={described.id}>{label}</label>
      <input {...input} {...described} className="input" />
      <Description id={described.id} hint={hint} fault={fault} />
    </div>
  )
}

export function SelectField({
  label,
  hint,
  fault,
  children,
  ...select
}: Shared & ComponentProps<'select'>) {
  const described = useDescription(hint, fault)
  return (
    <div className="field">
      <label htmlFor={described.id}>{label}</label>
      <select {...select} {...described} className="input">
        {children}
      </select>
      <Description id={described.id} hint={hint} fault={fault} />
    </div>
  )
}

type ComponentSelection = Omit<ComponentProps<'input'>, 'type'> & {
  label: ReactNode
  hint?: string
  type?: 'checkbox' | 'radio'
  card?: boolean
}

/** A checkbox or radio button with a clickable label. */
export function ComponentSelection({
  label,
  hint,
  type = 'checkbox',
  card = false,
  ...input
}: ComponentSelection) {
  return (
    <label className={card ? 'choice choice-card' : 'choice'}>
      <input {...input} type={type} />
      <span>
        {label}
        {hint && <span className="soft small choice-hint"> {hint}</span>}
      </span>
    </label>
  )
}

function useDescription(hint: string | undefined, fault: string | undefined) {
  const id = useId()
  const parts = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean)
  return {
    id,
    'aria-invalid': fault ? true : undefined,
    'aria-describedby': parts.join(' ') || undefined,
  }
}

function Description({
  id,
  hint,
  fault,
}: {
  id: string
  hint: string | undefined
  fault: string | undefined
}) {
  return (
    <>
      {hint && (
        <span id={`${id}-hint`} className="hint">
          {hint}
        </span>
      )}
      {fault && (
        <span id={`${id}-fault`} className="fault">
          <Icon name="alert" size={18} />
          {fault}
        </span>
      )}
    </>
  )
}
