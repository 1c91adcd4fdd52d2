import { type Kysely, sql } from 'kysely'

/** Gateways ask every two seconds which sessions ended lately. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index sessions_ended on sessions (ended_at) where ended_at is not null`.execute(
    db,
  )
}
