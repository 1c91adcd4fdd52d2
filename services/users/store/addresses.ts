import { createHash } from 'node:crypto'
import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Database } from '@sidecart/chassis/persistence/database.ts'
import { comparable } from '../addresses/address.ts'
import type { Address, PostalAddress } from '../contract.ts'
import { refuse, roomForAnother } from '../domain.ts'
import type { Addresses } from '../ports.ts'
import { lockUser } from './lock.ts'
import { type AddressRow, type Rows, type UsersTables, uniqueViolation } from './tables.ts'

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
    async find(userId, addressId) {
      const found = await rows
        .selectFrom('addresses')
        .selectAll()
        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return found && toAddress(found)
    },
    add: (userId, address) =>
      inTransaction(async (tx) => {
        await lockUser(tx.rows, userId)
        const known = await tx.rows
          .selectFrom('addresses')
          .selectAll()
          .where('user_id', '=', userId)
          .where('fingerprint', '=', fingerprintOf(address))
          .executeTakeFirst()
        if (known) return toAddress(known)
        const { count } = await tx.rows
          .selectFrom('addresses')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('user_id', '=', userId)
          .executeTakeFirstOrThrow()
        roomForAnother(count)
        await addAddress(tx.rows, userId, address)
        return address
      }),
    async replace(userId, addressId, address) {
      const { numUpdatedRows } = await rows
        .updateTable('addresses')
        .set(fromAddress(address))
        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)
        .executeTakeFirst()
        .catch(knownWhenNotUnique)
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

/** Two ways to write one address have the same. */
export const fingerprintOf = (address: PostalAddress): Buffer =>
  createHash('sha256').update(comparable(address)).digest()

function knownWhenNotUnique(error: unknown): never {
  throw (error as { code?: unknown }).code === uniqueViolation
    ? refuse('address-known', 'The same address is in the book already.')
    : error
}

const noSuchAddress = () => refused('not-found', 'No such address.')

const toAddress = (row: AddressRow): Address => ({
  addressId: row.address_id,
  name: row.name,
  street: row.street,
  postalCode: row.postal_code,
  city: row.city,
  country: row.country,
})

const fromAddress = (address: PostalAddress) => ({
  name: address.name,
  street: address.street,
  postal_code: address.postalCode,
  city: address.city,
  country: address.country,
  fingerprint: fingerprintOf(address),
})
