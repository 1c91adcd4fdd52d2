import { refused } from '@sidecart/chassis/core/errors.ts'
import type { App } from '@sidecart/chassis/http/app.ts'
import { usersRoutes } from '../contract.ts'
import type { Addresses } from '../ports.ts'
import { hasPostalCode, mustShipTo } from './address.ts'

type MountOptions = {
  addresses: Addresses
  /** Countries that the shop ships to: ISO 3166-1 alpha-2. */
  shipsTo: readonly string[]
  newId: () => string
}

/** Mounts the routes of address books. */
export function mountAddresses(app: App, { addresses, shipsTo, newId }: MountOptions): void {
  app.openapi(usersRoutes.countries, (c) => {
    c.header('cache-control', 'public, max-age=300')
    const countries = shipsTo.map((country) => ({
      country,
      postalCode: hasPostalCode(country),
    }))
    return c.json({ countries }, 200)
  })

  app.openapi(usersRoutes.addresses, async (c) => {
    return c.json({ addresses: await addresses.list(c.get('identity').userId) }, 200)
  })

  app.openapi(usersRoutes.addAddress, async (c) => {
    const address = { addressId: newId(), ...c.req.valid('json') }
    mustShipTo(shipsTo, address.country)
    const kept = await addresses.add(c.get('identity').userId, address)
    const location = `/users/me/addresses/${kept.addressId}`
    return kept.addressId === address.addressId
      ? c.json(kept, 201, { location })
      : c.json(kept, 200, { location })
  })

  app.openapi(usersRoutes.replaceAddress, async (c) => {
    const { addressId } = c.req.valid('param')
    const address = c.req.valid('json')
    mustShipTo(shipsTo, address.country)
    await addresses.replace(c.get('identity').userId, addressId, address)
    return c.json({ addressId, ...address }, 200)
  })

  app.openapi(usersRoutes.removeAddress, async (c) => {
    await addresses.remove(c.get('identity').userId, c.req.valid('param').addressId)
    return c.body(null, 204)
  })

  app.openapi(usersRoutes.savedAddress, async (c) => {
    const { userId, addressId } = c.req.valid('query')
    const address = await addresses.find(userId, addressId)
    if (!address) throw refused('not-found', 'No such address.')
    return c.json(address, 200)
  })
}
