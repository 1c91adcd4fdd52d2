import type { Address, PostalAddress } from '@sidecart/users/contract.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { countriesQuery } from '../api/queries.ts'
import { SelectField, TextField } from '../ui/field.tsx'

const names = new Intl.DisplayNames('en', { type: 'region' })

export const countryName = (code: string): string => names.of(code) ?? code

/** The address fields, to be placed inside a form. */
export function AddressFields({
  address,
  faults,
}: {
  address?: Address | undefined
  faults: Readonly<Record<string, string>>
}) {
  const { data: shippedTo = [] } = useQuery(countriesQuery())
  const [country, setCountry] = useState(address?.country ?? 'DE')
  const codes = new Set([...shippedTo.map((one) => one.country), country])
  const countries = [...codes].map((code) => ({ code, name: countryName(code) }))
  countries.sort((one, other) => one.name.localeCompare(other.name))
  const hasPostalCode = shippedTo.find((one) => one.country === country)?.postalCode ?? true
  return (
    <div className="address-fields">
      <TextField
        {...named('name', 'Full name', 'name', 100)}
        fault={faults.name}
        defaultValue={address?.name}
      />
      <TextField
        {...named('street', 'Street and number', 'street-address', 200)}
        fault={faults.street}
        defaultValue={address?.street}
      />
      <TextField
        {...named('postalCode', 'Postal code', 'postal-code', 20)}
        required={hasPostalCode}
        fault={faults.postalCode}
        defaultValue={address?.postalCode}
      />
      <TextField
        {...named('city', 'City', 'address-level2', 100)}
        fault={faults.city}
        defaultValue={address?.city}
      />
      <SelectField
        label="Country"
        name="country"
        autoComplete="country"
        required
        value={country}
        onChange={(event) => setCountry(event.currentTarget.value as Address['country'])}
        fault={faults.country}
      >
        {countries.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </SelectField>
    </div>
  )
}

const named = (
  name: keyof PostalAddress,
  label: string,
  autoComplete: string,
  maxLength: number,
) => ({
  name,
  label,
  autoComplete,
  maxLength,
  required: true,
})

export const addressFrom = (values: Record<string, string>): PostalAddress =>
  Object.fromEntries(
    (['name', 'street', 'postalCode', 'city', 'country'] as const).map((name) => [
      name,
      (values[name] ?? '').trim(),
    ]),
  ) as PostalAddress

export function AddressLines({ address }: { address: PostalAddress }) {
  const { name, street, postalCode, city, country } = address
  return (
    <address>
      <strong>{name}</strong>
      <br />
      {street}
      <br />
      {postalCode} {city}
      <br />
      {countryName(country)}
    </address>
  )
}
