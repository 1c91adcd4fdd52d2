import { renameHeardAt } from '@sidecart/chassis/persistence/messaging-tables.ts'
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await renameHeardAt(db)
  await db.schema.alterTable('mails').renameColumn('fact', 'event').execute()
}
