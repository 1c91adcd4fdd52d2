import type { Address, usersRoutes } from '@sidecart/users/contract.ts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../api/client.ts'
import { addressesQuery } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { Outage, Refused } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { toast } from '../ui/toasts.tsx'
import { useForm } from '../ui/use-form.ts'
import { AddressFields, AddressLines, addressFrom } from './address-form.tsx'

type Editing = Address | 'new' | undefined

export function Addresses() {
  const { data, isError } = useQuery(addressesQuery())
  const [editing, setEditing] = useState<Editing>()
  const [removing, setRemoving] = useState<Address>()
  const close = () => setEditing(undefined)
  return (
    <Page title="Addresses" lead="Where your orders may go.">
      <div className="stack">
        {isError && <Outage what="Your address book" />}
        {!data && !isError && <Skeleton height="9rem" />}
        {data?.length === 0 && editing === undefined && (
          <p className="soft">None yet. The first one you order to can be kept here.</p>
        )}
        <ul className="address-cards">
          {data?.map((address) => (
            <li key={address.addressId} className="card">
              <AddressLines address={address} />
              <div className="row">
                <button type="button" className="text-button" onClick={() => setEditing(address)}>
                  Change <span className="unseen">the address in {address.city}</span>
                </button>
                <button type="button" className="text-button" onClick={() => setRemoving(address)}>
                  Remove <span className="unseen">the address in {address.city}</span>
                </button>
              </div>
            </li>
          ))}
        </ul>
        {editing ? (
          <AddressForm key={keyOf(editing)} editing={editing} onDone={close} />
        ) : (
          data && <AddButton onPress={() => setEditing('new')} />
        )}
      </div>
      {removing && <Removal address={removing} onClose={() => setRemoving(undefined)} />}
    </Page>
  )
}

const keyOf = (editing: Address | 'new'): string => (editing === 'new' ? 'new' : editing.addressId)

const AddButton = ({ onPress }: { onPress: () => void }) => (
  <div>
    <Button look="quiet" onClick={onPress}>
      Add an address
    </Button>
  </div>
)

function AddressForm({ editing, onDone }: { editing: Address | 'new'; onDone: () => void }) {
  const queries = useQueryClient()
  const { faults, busy, problem, submit } = useForm(async (values) => {
    const body = addressFrom(values)
    if (editing === 'new')
      await ask<typeof usersRoutes.addAddress>('post', '/users/me/addresses', { body })
    else
      await ask<typeof usersRoutes.replaceAddress>('put', '/users/me/addresses/{addressId}', {
        params: { addressId: editing.addressId },
        body,
      })
    await queries.invalidateQueries({ queryKey: addressesQuery().queryKey })
    toast('Saved')
    onDone()
  })
  const title = editing === 'new' ? 'A new address' : 'Change the address'
  return (
    <form className="card stack" noValidate onSubmit={submit} aria-labelledby="address-form">
      <h2 id="address-form">{title}</h2>
      <Refused problem={problem} />
      <AddressFields address={editing === 'new' ? undefined : editing} faults={faults} />
      <div className="row">
        <Button type="submit" busy={busy}>
          Save the address
        </Button>
        <Button look="quiet" onClick={onDone}>
          Never mind
        </Button>
      </div>
    </form>
  )
}

function Removal({ address, onClose }: { address: Address; onClose: () => void }) {
  const queries = useQueryClient()
  const { mutate, isPending } = useMutation({
    mutationFn: () =>
      ask<typeof usersRoutes.removeAddress>('delete', '/users/me/addresses/{addressId}', {
        params: { addressId: address.addressId },
      }),
    onError: () => toast('Not removed; please try again shortly.'),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: addressesQuery().queryKey })
      onClose()
    },
  })
  return (
    <Confirm
      title="Remove this address?"
      action="Remove"
      busy={isPending}
      onConfirm={mutate}
      onClose={onClose}
    >
      <AddressLines address={address} />
    </Confirm>
  )
}
