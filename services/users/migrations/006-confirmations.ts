import { type Kysely, sql } from 'kysely'

/**
 * Accounts that are there count as confirmed, as do those that the version before adds meanwhile: it refuses an e-mail that
 * is taken. From now on only a confirmed e-mail is one account's alone.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table users add column email_confirmed_at timestamptz default now(),
      add column awaited_confirmation uuid unique, add column awaited_email text,
      add check ((awaited_confirmation is null) = (awaited_email is null))`.execute(db)
  await sql`update users set email_confirmed_at = registered_at`.execute(db)
  await sql`create unique index users_email_confirmed on users (email) where email_confirmed_at is not null`.execute(
    db,
  )
  await sql`alter table users drop constraint users_email_key`.execute(db)
  await sql`create index users_email_unconfirmed on users (email, registered_at) where email_confirmed_at is null`.execute(
    db,
  )
  await sql`
    create table confirmation_tokens (
      hash bytea primary key check (octet_length(hash) = 32),
      user_id uuid not null references users (user_id) on delete cascade,
      confirmation_id uuid not null,
      expires_at timestamptz not null
    )`.execute(db)
  await sql`create index confirmation_tokens_of_user on confirmation_tokens (user_id)`.execute(db)
  await sql`create index confirmation_tokens_by_expiry on confirmation_tokens (expires_at)`.execute(
    db,
  )
}
