import { type Kysely, sql } from 'kysely'

/** Mails about a change of an account: one per change and recipient, to the address that the change names. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table mails add column send_to text, add column about text not null default ''`.execute(
    db,
  )
  await sql`
    create unique index one_mail_per_change on mails (customer_id, kind, about, coalesce(send_to, ''))
    where order_id is null`.execute(db)
  await sql`drop index one_mail_of_a_kind_without_order`.execute(db)
}
