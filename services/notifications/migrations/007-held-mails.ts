import { type Kysely, sql } from 'kysely'

/** Contacts that are there count as confirmed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table contacts add column confirmed boolean not null default true`.execute(db)
  await sql`
    alter table mails drop constraint mails_status_check, add constraint mails_status_check
      check (status in ('held', 'pending', 'sending', 'sent', 'unconfirmed', 'failed', 'expired', 'suppressed', 'recorded'))`.execute(
    db,
  )
  await sql`create index mails_held on mails (customer_id, due_at) where status = 'held'`.execute(
    db,
  )
  await sql`create index contacts_unconfirmed on contacts (user_id) where not confirmed`.execute(db)
}
