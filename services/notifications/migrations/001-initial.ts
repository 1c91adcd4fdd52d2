import { createMessagingTables } from '@sidecart/chassis/persistence/messaging-tables.ts'
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await createMessagingTables(db)
  await sql`
    create table contacts (
      user_id uuid primary key,
      email text not null,
      name text not null,
      preferences jsonb not null,
      version integer not null check (version >= 1)
    )`.execute(db)
  await sql`
    create table mails (
      id uuid primary key,
      customer_id uuid not null,
      order_id uuid,
      kind text not null,
      fact json not null,
      status text not null check (status in ('pending', 'sending', 'sent', 'unconfirmed', 'failed', 'suppressed', 'recorded')),
      recipient text,
      problem text,
      attempts integer not null default 0,
      attempts_allowed integer not null,
      due_at timestamptz not null,
      claimed_at timestamptz,
      sent_at timestamptz,
      created_at timestamptz not null default now(),
      check ((status = 'sent') = (sent_at is not null)),
      check (status <> 'sending' or claimed_at is not null),
      constraint one_mail_of_a_kind unique (order_id, kind)
    )`.execute(db)
  await sql`create unique index one_mail_of_a_kind_without_order on mails (customer_id, kind) where order_id is null`.execute(
    db,
  )
  await sql`create index mails_due on mails (due_at, id) where status = 'pending'`.execute(db)
  await sql`create index mails_sending on mails (claimed_at) where status = 'sending'`.execute(db)
  await sql`create index mails_of_customer on mails (customer_id, id)`.execute(db)
  await sql`create index mails_in_trouble on mails (status, id) where status in ('failed', 'unconfirmed')`.execute(
    db,
  )
}
