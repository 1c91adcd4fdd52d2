import { createMessagingTables } from '@sidecart/chassis/persistence/messaging-tables.ts'
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await createMessagingTables(db)
  await db.schema
    .createTable('users')
    .addColumn('user_id', 'uuid', (column) => column.primaryKey())
    .addColumn('email', 'text', (column) =>
      column.notNull().unique().check(sql`email = lower(btrim(email)) and length(email) <= 254`),
    )
    .addColumn('name', 'text', (column) => column.notNull().check(sql`length(name) > 0`))
    .addColumn('role', 'text', (column) =>
      column.notNull().check(sql`role in ('customer', 'operator')`),
    )
    .addColumn('order_updates', 'boolean', (column) => column.notNull())
    .addColumn('payment_updates', 'boolean', (column) => column.notNull())
    .addColumn('marketing', 'boolean', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull().check(sql`version >= 1`))
    .addColumn('registered_at', 'timestamptz', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('credentials')
    .addColumn('user_id', 'uuid', (column) => column.primaryKey().references('users.user_id'))
    .addColumn('password_hash', 'text', (column) =>
      column.notNull().check(sql`password_hash like '$argon2id$%'`),
    )
    .execute()
  await db.schema
    .createTable('addresses')
    .addColumn('address_id', 'uuid', (column) => column.primaryKey())
    .addColumn('user_id', 'uuid', (column) => column.notNull().references('users.user_id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('street', 'text', (column) => column.notNull())
    .addColumn('postal_code', 'text', (column) => column.notNull())
    .addColumn('city', 'text', (column) => column.notNull())
    .addColumn('country', 'text', (column) => column.notNull().check(sql`country ~ '^[A-Z]{2}$'`))
    .execute()
  await db.schema
    .createIndex('addresses_of_user')
    .on('addresses')
    .columns(['user_id', 'address_id'])
    .execute()
  await createSessionTables(db)
}

async function createSessionTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('session_id', 'uuid', (column) => column.primaryKey())
    .addColumn('user_id', 'uuid', (column) => column.notNull().references('users.user_id'))
    .addColumn('serial', 'integer', (column) => column.notNull().check(sql`serial >= 1`))
    .addColumn('rotated_at', 'timestamptz', (column) => column.notNull())
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addColumn('ended_at', 'timestamptz')
    .execute()
  await db.schema.createIndex('sessions_of_user').on('sessions').column('user_id').execute()
  await db.schema.createIndex('sessions_by_expiry').on('sessions').column('expires_at').execute()
  await db.schema
    .createTable('refresh_tokens')
    .addColumn('hash', 'bytea', (column) => column.primaryKey().check(sql`octet_length(hash) = 32`))
    .addColumn('session_id', 'uuid', (column) =>
      column.notNull().references('sessions.session_id').onDelete('cascade'),
    )
    .addColumn('serial', 'integer', (column) => column.notNull())
    .addUniqueConstraint('one_token_per_serial', ['session_id', 'serial'])
    .execute()
}
