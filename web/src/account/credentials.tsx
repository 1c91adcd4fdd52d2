import { useQuery } from '@tanstack/react-query'
import { secondFactorQuery } from '../api/queries.ts'
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

/** Input for the name of a person. */
export function NameField(input: { fault: string | undefined; defaultValue?: string }) {
  return (
    <TextField {...input} label="Name" name="name" autoComplete="name" required maxLength={100} />
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

/** Input for a code of the app, or a recovery code. */
export function CodeField({ fault }: { fault: string | undefined }) {
  return (
    <TextField
      label="Code"
      name="code"
      autoComplete="one-time-code"
      autoCapitalize="characters"
      spellCheck={false}
      required
      maxLength={60}
      hint="Six digits of your authenticator app, or a recovery code"
      fault={fault}
    />
  )
}

/** Returns a code as the shop takes it: people type spaces and small letters. */
export const normalised = (code: string): string => code.replaceAll(/\s/g, '').toUpperCase()

export function CurrentPassword({ fault }: { fault: string | undefined }) {
  return (
    <TextField
      label="Current password"
      name="currentPassword"
      type="password"
      autoComplete="current-password"
      required
      fault={fault}
    />
  )
}

export type Proof = { currentPassword: string; code?: string }

export const proofOf = ({ currentPassword = '', code = '' }): Proof => ({
  currentPassword,
  ...(code && { code: normalised(code) }),
})

/** Asks for all that signing in asks for. */
export function ProofFields({ faults }: { faults: Readonly<Record<string, string>> }) {
  const { data } = useQuery(secondFactorQuery())
  return (
    <>
      <CurrentPassword fault={faults.currentPassword} />
      {data?.on && <CodeField fault={faults.code} />}
    </>
  )
}
