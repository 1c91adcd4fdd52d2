import { type Kysely, sql } from 'kysely'

/** One invitation per e-mail: a later one takes its place. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table operator_invitations (
      email text primary key check (email = lower(btrim(email)) and length(email) <= 254),
      invitation_id uuid not null unique,
      hash bytea not null unique check (octet_length(hash) = 32),
      invited_at timestamptz not null,
      expires_at timestamptz not null
    )`.execute(db)
  await sql`create index users_operators on users (email) where role = 'operator'`.execute(db)
}
