import { type Kysely, sql } from 'kysely'
import { fingerprintOf } from '../store/addresses.ts'
import type { AddressRow } from '../store/tables.ts'

/** Of addresses that are the same, the oldest stays. */
export async function up(db: Kysely<{ addresses: AddressRow }>): Promise<void> {
  await db.schema.alterTable('addresses').addColumn('fingerprint', 'bytea').execute()
  for (const { postal_code: postalCode, ...row } of await db
    .selectFrom('addresses')
    .select(['address_id', 'name', 'street', 'postal_code', 'city', 'country'])
    .execute()) {
    await db
      .updateTable('addresses')
      .set({ fingerprint: fingerprintOf({ ...row, postalCode }) })
      .where('address_id', '=', row.address_id)
      .execute()
  }
  await sql`
    delete from addresses as later using addresses as earlier
    where later.user_id = earlier.user_id and later.fingerprint = earlier.fingerprint
      and later.address_id > earlier.address_id`.execute(db)
  await sql`
    alter table addresses alter column fingerprint set not null,
      add constraint one_entry_per_address unique (user_id, fingerprint)`.execute(db)
}
