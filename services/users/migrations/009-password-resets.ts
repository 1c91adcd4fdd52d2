import { type Kysely, sql } from 'kysely'

/** A request waits without a user until somebody has looked for one; the hash is that of the link in the mail. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table password_resets (
      reset_id uuid primary key,
      email text not null check (email = lower(btrim(email)) and length(email) <= 254),
      user_id uuid references users on delete cascade,
      hash bytea unique check (octet_length(hash) = 32),
      expires_at timestamptz not null,
      check (hash is null or user_id is not null)
    )`.execute(db)
  await sql`create index password_resets_requested on password_resets (reset_id) where user_id is null`.execute(
    db,
  )
  await sql`create index password_resets_of_user on password_resets (user_id)`.execute(db)
  await sql`create index password_resets_expiry on password_resets (expires_at)`.execute(db)
}
