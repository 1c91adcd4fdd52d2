import { TextField } from '../ui/field.tsx'

const fewest = 10

/** Input for a new password. */
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

/** Input for an e-mail address, for signing in or for changing the address. */
export function EmailField(input: { fault: string | undefined; defaultValue?: string }) {
  return (
    <TextField
      {...input}
      label="E-mail"
      name="email"
      type="email"
      autoComplete="email"
      required
      maxLength={254}
    />
  )
}
