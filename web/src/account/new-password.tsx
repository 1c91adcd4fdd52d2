import { TextField } from '../ui/field.tsx'

const fewest = 10

/** A password that is being chosen. */
export function NewPassword({
  label,
  name,
  fault,
}: {
  label: string
  name: string
  fault: string | undefined
}) {
  return (
    <TextField
      label={label}
      name={name}
      type="password"
      autoComplete="new-password"
      required
      minLength={fewest}
      maxLength={128}
      hint={`At least ${fewest} characters`}
      fault={fault}
    />
  )
}
