import {
  addHandledBy,
  addNextAttempts,
  addPruned,
  createMessagingTables,
  renameHeardAt,
} from '@sidecart/chassis/persistence/messaging-tables.ts'
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await createMessagingTables(db)
  await addNextAttempts(db)
  await renameHeardAt(db)
  await addHandledBy(db)
  await addPruned(db)
  await sql`
    create table courses (
      course text primary key,
      free int not null check (free >= 0),
      booked int not null default 0
    )`.execute(db)
  await sql`
    create table bookings (
      booking_id uuid primary key,
      course text not null,
      seats int not null check (seats > 0),
      card text not null,
      status text not null,
      reason text,
      due_at timestamptz default now()
    )`.execute(db)
  await sql`create index bookings_due on bookings (due_at) where due_at is not null`.execute(db)
  await sql`create table holds (booking_id uuid primary key references bookings)`.execute(db)
  await sql`insert into courses (course, free) values ('pottery', 8), ('weaving', 4)`.execute(db)
}
