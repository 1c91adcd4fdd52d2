import type { Address, NewAddress } from '../../../services/users/contract.ts'
import { SelectField, TextField } from '../ui/field.tsx'

/** Where the shop delivers to: ISO 3166-1 alpha-2. */
const delivered =
  'AD AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MC MT NL NO PL PT RO SE SI SK SM VA'
const names = new Intl.DisplayNames('en', { type: 'region' })

export const countryName = (code: string): string => names.of(code) ?? code

/** The fields of an address, for a form around them. */
export function AddressFields({
  address,
  faults,
}: {
  address?: Address | undefined
  faults: Readonly<Record<string, string>>
}) {
  const codes = new Set([...delivered.split(' '), address?.country ?? 'DE'])
  const countries = [...codes].map((code) => ({ code, name: countryName(code) }))
  countries.sort((one, other) => one.name.localeCompare(other.name))
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
        defaultValue={address?.country ?? 'DE'}
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

const named = (name: keyof NewAddress, label: string, autoComplete: string, maxLength: number) => ({
  name,
  label,
  autoComplete,
  maxLength,
  required: true,
})

export const addressFrom = (values: Record<string, string>): NewAddress =>
  Object.fromEntries(
    (['name', 'street', 'postalCode', 'city', 'country'] as const).map((name) => [
      name,
      (values[name] ?? '').trim(),
    ]),
  ) as NewAddress

export function AddressLines({ address }: { address: NewAddress }) {
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
