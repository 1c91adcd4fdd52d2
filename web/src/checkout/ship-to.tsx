import type { PlaceOrder } from '@sidecart/orders/contract.ts'
import type { Address, PostalAddress } from '@sidecart/users/contract.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { AddressFields, addressFrom, countryName } from '../account/address-form.tsx'
import { addressesQuery } from '../api/queries.ts'
import { ComponentSelection } from '../ui/field.tsx'
import { Skeleton } from '../ui/skeleton.tsx'

const another = 'another'

/**
 * Saved addresses, and whether they are still loading. An empty cached book counts as loading,
 * because an address may have been added since.
 */
export function useAddressBook() {
  const { data: saved = [], isError, isFetching, isFetchedAfterMount } = useQuery(addressesQuery())
  return { saved, loading: saved.length === 0 && !isError && isFetching && !isFetchedAfterMount }
}

type ShipToProps = {
  book: ReturnType<typeof useAddressBook>
  faults: Readonly<Record<string, string>>
}

/**
 * A saved address, or another one; when the address book does not answer, there are still the
 * fields.
 */
export function ShipTo({ book: { saved, loading }, faults }: ShipToProps) {
  const [chosen, setChosen] = useState<string>()
  const selected = chosen ?? saved[0]?.addressId ?? another
  if (loading) return <Skeleton height="10rem" />
  return (
    // text already typed stays when the address book arrives late
    <fieldset className="stack" onInput={() => setChosen((before) => before ?? selected)}>
      <legend>
        <h2>Send to</h2>
      </legend>
      {saved.map((address) => (
        <ComponentSelection
          key={address.addressId}
          card
          type="radio"
          name="addressId"
          value={address.addressId}
          checked={selected === address.addressId}
          onChange={() => setChosen(address.addressId)}
          label={<strong>{address.name}</strong>}
          hint={lineOf(address)}
        />
      ))}
      {faults.addressId && (
        <p className="fault" role="alert">
          This address is not in your book any more; please choose another one.
        </p>
      )}
      {saved.length > 0 && (
        <ComponentSelection
          card
          type="radio"
          name="addressId"
          value={another}
          checked={selected === another}
          onChange={() => setChosen(another)}
          label="Another address"
        />
      )}
      {selected === another && (
        <>
          <AddressFields faults={faults} />
          <ComponentSelection name="keep" label="Keep this address for next time" defaultChecked />
        </>
      )}
    </fieldset>
  )
}

const lineOf = ({ street, postalCode, city, country }: Address): string =>
  `${street}, ${postalCode} ${city}, ${countryName(country)}`

/**
 * Returns the chosen or typed address. A saved address is passed by id, so that the order uses its
 * current content.
 */
export function shipToFrom(
  values: Record<string, string>,
  saved: readonly Address[],
): { shipTo: PlaceOrder['shipTo']; keep?: PostalAddress } {
  const known = saved.find(({ addressId }) => addressId === values.addressId)
  if (known) return { shipTo: { addressId: known.addressId } }
  const typed = addressFrom(values)
  return { shipTo: typed, ...(values.keep !== undefined && { keep: typed }) }
}
