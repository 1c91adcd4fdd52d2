import { createMessagingTables } from '@sidecart/chassis/persistence/messaging-tables.ts'
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await createMessagingTables(db)
  await sql`
    create table payments (
      order_id uuid primary key,
      payment_id uuid not null,
      version integer not null check (version >= 0),
      status text not null,
      customer_id uuid,
      amount bigint check (amount > 0),
      currency text check (currency = 'EUR'),
      card text,
      decline_code text,
      provider_reference text unique,
      refund_id uuid,
      refund_reference text unique,
      reason text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint a_status_has_what_belongs_to_it check (
        case status
          when 'voided' then reason is not null and num_nonnulls(customer_id, amount, currency, card, decline_code, provider_reference, refund_id, refund_reference) = 0
          else num_nonnulls(customer_id, amount, currency, card) = 4 and case status
            when 'pending' then num_nonnulls(decline_code, provider_reference, refund_id, reason, refund_reference) = 0
            when 'declined' then decline_code is not null and num_nonnulls(provider_reference, refund_id, reason, refund_reference) = 0
            when 'charged' then provider_reference is not null and num_nonnulls(decline_code, refund_id, reason, refund_reference) = 0
            when 'refunding' then num_nonnulls(provider_reference, refund_id, reason) = 3 and num_nonnulls(decline_code, refund_reference) = 0
            when 'refunded' then num_nonnulls(provider_reference, refund_id, reason, refund_reference) = 4 and decline_code is null
            else false
          end
        end)
    )`.execute(db)
  await sql`
    create table ledger_entries (
      movement_id uuid not null,
      line smallint not null,
      order_id uuid not null references payments,
      kind text not null check (kind in ('charge', 'refund')),
      account text not null check (account in ('customer-receivable', 'provider-clearing', 'revenue', 'refunds')),
      side text not null check (side in ('debit', 'credit')),
      amount bigint not null check (amount > 0),
      currency text not null check (currency = 'EUR'),
      recorded_at timestamptz not null default now(),
      primary key (order_id, movement_id, line)
    )`.execute(db)
  await refuseUnbalancedMovements(db)
  await refuseErasures(db)
}

/** A movement is written in one statement, and in that statement its debits and credits are equal. */
async function refuseUnbalancedMovements(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function refuse_unbalanced_movements() returns trigger language plpgsql as $$
    begin
      if exists (
        select from written group by movement_id, currency
        having sum(case side when 'debit' then amount else -amount end) <> 0
      ) then
        raise exception 'a movement is not balanced' using errcode = 'check_violation';
      end if;
      return null;
    end $$`.execute(db)
  await sql`
    create trigger balanced after insert on ledger_entries
    referencing new table as written
    for each statement execute function refuse_unbalanced_movements()`.execute(db)
}

/** The ledger is only ever added to: a mistake is put right by another movement. */
async function refuseErasures(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function refuse_erasures() returns trigger language plpgsql as $$
    begin
      raise exception 'the ledger is only added to' using errcode = 'check_violation';
    end $$`.execute(db)
  await sql`
    create trigger only_added_to before update or delete or truncate on ledger_entries
    for each statement execute function refuse_erasures()`.execute(db)
}
