import type { Database } from '../../../chassis/database.ts'
import { refused } from '../../../chassis/refusal.ts'
import type { Address, NewAddress } from '../contract.ts'
import { roomForAnother } from '../domain.ts'
import type { Addresses } from '../ports.ts'
import { lockUser } from './lock.ts'
import type { AddressRow, Rows, UsersTables } from './tables.ts'

export function createAddresses({ rows, inTransaction }: Database<UsersTables>): Addresses {
  return {
    async list(userId) {
      const found = await rows
        .selectFrom('addresses')
        .selectAll()
        .where('user_id', '=', userId)
        .orderBy('address_id')
        .execute()
      return found.map(toAddress)
    },
    add: (userId, address) =>
      inTransaction(async (tx) => {
        await lockUser(tx.rows, userId)
        const { count } = await tx.rows
          .selectFrom('addresses')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('user_id', '=', userId)
          .executeTakeFirstOrThrow()
        roomForAnother(count)
        await addAddress(tx.rows, userId, address)
      }),
    async replace(userId, addressId, address) {
      const { numUpdatedRows } = await rows
        .updateTable('addresses')
        .set(fromAddress(address))
        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) throw noSuchAddress()
    },
    async remove(userId, addressId) {
      const { numDeletedRows } = await rows
        .deleteFrom('addresses')
        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      if (numDeletedRows === 0n) throw noSuchAddress()
    },
  }
}

export const addAddress = (rows: Rows, userId: string, address: Address) =>
  rows
    .insertInto('addresses')
    .values({ address_id: address.addressId, user_id: userId, ...fromAddress(address) })
    .execute()

const noSuchAddress = () => refused('not-found', 'No such address.')

const toAddress = (row: AddressRow): Address => ({
  addressId: row.address_id,
  name: row.name,
  street: row.street,
  postalCode: row.postal_code,
  city: row.city,
  country: row.country,
})

const fromAddress = ({ name, street, postalCode, city, country }: NewAddress) => ({
  name,
  street,
  postal_code: postalCode,
  city,
  country,
})
