import { euro } from '@sidecart/chassis/contract/money.ts'
import type { Database, Tx } from '@sidecart/chassis/persistence/database.ts'
import { type RawBuilder, sql, type Transaction } from 'kysely'
import { catalogEvents, type ReservationReply } from '../contract.ts'
import {
  answerAgain,
  mustBeReturned,
  mustBeSold,
  type Reservation,
  type WantedLine,
} from '../domain.ts'
import type { Reservations } from '../ports.ts'
import type { CatalogTables } from './tables.ts'

type Line = { sku: string; quantity: number; name: string; price: number }
type Low = { sku: string; name: string; onHand: number; lowStockAt: number }
type Row = {
  status: Reservation['status']
  lines: Line[]
  total: number | null
  refusal: 'out-of-stock' | 'unknown-sku' | 'discontinued' | null
  refused_sku: string | null
}

/**
 * Creates the reservations; each costs one statement and one commit. Stock rows are locked in sku order, so that two
 * orders with the same products wait for each other instead of dead-locking, and locks are held for no round trip.
 * New values are computed from the locked rows, because a statement that waited for a lock still scans the snapshot
 * from its start.
 */
export function createReservations(
  database: Database<CatalogTables>,
): Reservations<Tx<CatalogTables>> {
  async function reserve(orderId: string, lines: readonly WantedLine[]): Promise<ReservationReply> {
    const decided = await decide(orderId, lines, 'without-events').execute(database.rows)
    if (decided.rows[0]) return replyOf(decided.rows[0])
    const known = (await find(orderId)) ?? (await reserveAnnouncing(orderId, lines))
    return answerAgain(known, lines)
  }

  /**
   * The rare case: stock falls below the low-stock mark. The event must commit with the reservation, in one
   * transaction.
   */
  async function reserveAnnouncing(
    orderId: string,
    lines: readonly WantedLine[],
  ): Promise<Reservation> {
    const { rows } = await database.inTransaction(async (tx) => {
      const decided = await decide(orderId, lines, 'with-events').execute(tx.rows)
      for (const low of decided.rows[0]?.low ?? []) tx.emit(catalogEvents.stockLow(low))
      return decided
    })
    const decided = rows[0] ? toReservation(rows[0]) : await find(orderId)
    if (!decided) throw new Error(`order ${orderId} was neither decided nor known`)
    return decided
  }

  async function find(orderId: string): Promise<Reservation | undefined> {
    const row = await database.rows
      .selectFrom('reservations')
      .select(['status', 'lines', 'total', 'refusal', 'refused_sku'])
      .where('order_id', '=', orderId)
      .executeTakeFirst()
    return row && toReservation(row)
  }

  async function sellWithin({ rows }: Tx<CatalogTables>, orderId: string): Promise<void> {
    const { rows: sold } = await sell(orderId).execute(rows)
    if (sold.length === 0) mustBeSold(orderId, await statusOf(rows, orderId))
  }

  async function returnGoods(orderId: string): Promise<void> {
    const { rows: returned } = await giveBack(orderId).execute(database.rows)
    if (returned.length === 0) mustBeReturned(orderId, await statusOf(database.rows, orderId))
  }

  return {
    reserve,
    release: async (orderId) => {
      await release(orderId).execute(database.rows)
    },
    releaseWithin: async ({ rows }, orderId) => {
      await release(orderId).execute(rows as Transaction<CatalogTables>)
    },
    sellWithin,
    returnGoods,
  }
}

async function statusOf(
  rows: Pick<Tx<CatalogTables>['rows'], 'selectFrom'>,
  orderId: string,
): Promise<Reservation['status'] | undefined> {
  const row = await rows
    .selectFrom('reservations')
    .select('status')
    .where('order_id', '=', orderId)
    .executeTakeFirst()
  return row?.status
}

/**
 * Decides and, if all lines are available, reserves them. Returns no row when the order was decided before or, with
 * `without-events`, when stock would fall below the low-stock mark. The first unavailable line in sku order is the
 * refusal.
 */
const decide = (
  orderId: string,
  lines: readonly WantedLine[],
  mode: 'with-events' | 'without-events',
): RawBuilder<Row & { low: Low[] }> => sql`
  with wanted as (
    select sku, sum(quantity)::integer as quantity
    from unnest(${lines.map(({ sku }) => sku)}::text[], ${lines.map(({ quantity }) => quantity)}::integer[]) as line (sku, quantity)
    group by sku
  ), locked as (
    select sku, on_hand, reserved from stock where sku in (select sku from wanted) order by sku for update
  ), line as (
    select sku, quantity, name, price, on_hand - quantity as on_hand, reserved + quantity as reserved, low_stock_at,
      on_hand >= low_stock_at and on_hand - quantity < low_stock_at as falls_low,
      case
        when on_hand is null then 'unknown-sku'
        when discontinued then 'discontinued'
        when on_hand < quantity then 'out-of-stock'
      end as refusal
    from wanted left join locked using (sku) left join products using (sku)
  ), fault as (
    select sku, refusal from line where refusal is not null order by sku limit 1
  ), decided as (
    insert into reservations (order_id, status, lines, total, refusal, refused_sku)
    select ${orderId}::uuid, case when exists (select from fault) then 'refused' else 'reserved' end,
      (select jsonb_agg(jsonb_build_object('sku', sku, 'quantity', quantity, 'name', name, 'price', price) order by sku) from line),
      (select sum(price * quantity)::bigint from line),
      (select refusal from fault), (select sku from fault)
    where ${mode === 'with-events'} or exists (select from fault) or not exists (select from line where falls_low)
    on conflict (order_id) do nothing
    returning status, lines, total, refusal, refused_sku
  ), taken as (
    update stock set on_hand = line.on_hand, reserved = line.reserved
    from line, decided where stock.sku = line.sku and decided.status = 'reserved'
    returning stock.sku, line.quantity
  ), moved as (
    insert into stock_movements (sku, kind, on_hand, reserved, order_id)
    select sku, 'reserved', -quantity, quantity, ${orderId}::uuid from taken
  )
  select decided.*, (
    select coalesce(json_agg(json_build_object('sku', sku, 'name', name, 'onHand', on_hand, 'lowStockAt', low_stock_at)), '[]')
    from line where falls_low and decided.status = 'reserved'
  ) as low from decided`

/** Releases a reservation. Without one, stores a tombstone, so that a late reserve command reserves nothing. */
const release = (orderId: string): RawBuilder<{ sku: string }> => sql`
  with freed as (
    insert into reservations (order_id, status) values (${orderId}::uuid, 'released')
    on conflict (order_id) do update set status = 'released', changed_at = now()
      where reservations.status = 'reserved'
    returning lines
  ), ${moveHeld(orderId, 'freed', 'released')}`

const sell = (orderId: string): RawBuilder<{ sku: string }> => sql`
  with bought as (
    update reservations set status = 'sold', changed_at = now()
    where order_id = ${orderId}::uuid and status = 'reserved'
    returning lines
  ), ${moveHeld(orderId, 'bought', 'sold')}`

/** Returns goods to stock: from reserved if the sale is not recorded yet, otherwise from sold. */
const giveBack = (orderId: string): RawBuilder<{ sku: string }> => sql`
  with before as (
    select status, lines from reservations
    where order_id = ${orderId}::uuid and status in ('reserved', 'sold') for update
  ), returned as (
    update reservations set status = 'returned', changed_at = now()
    from before where order_id = ${orderId}::uuid
  ), held as (
    select line.sku, line.quantity,
      case status when 'reserved' then line.quantity else 0 end as reserved,
      case status when 'sold' then line.quantity else 0 end as sold
    from before, jsonb_to_recordset(lines) as line (sku text, quantity integer)
  ), locked as (
    select sku, on_hand, reserved, sold from stock where sku in (select sku from held) order by sku for update
  ), moved as (
    update stock set on_hand = locked.on_hand + quantity, reserved = locked.reserved - held.reserved,
      sold = locked.sold - held.sold
    from held join locked using (sku) where stock.sku = locked.sku
    returning stock.sku, quantity, held.reserved, held.sold
  )
  insert into stock_movements (sku, kind, on_hand, reserved, sold, order_id)
  select sku, 'returned', quantity, -reserved, -sold, ${orderId}::uuid from moved
  returning sku`

/** Moves the pieces of the reservation in `from` back on hand, or to sold; returns the moved skus. */
const moveHeld = (
  orderId: string,
  from: 'freed' | 'bought',
  kind: 'released' | 'sold',
): RawBuilder<unknown> => {
  const place = sql.ref(kind === 'released' ? 'on_hand' : 'sold')
  return sql`held as (
    select line.sku, line.quantity from ${sql.ref(from)}, jsonb_to_recordset(lines) as line (sku text, quantity integer)
  ), locked as (
    select sku, reserved, ${place} as there from stock where sku in (select sku from held) order by sku for update
  ), moved as (
    update stock set reserved = locked.reserved - quantity, ${place} = locked.there + quantity
    from held join locked using (sku) where stock.sku = locked.sku
    returning stock.sku, quantity
  )
  insert into stock_movements (sku, kind, reserved, ${place}, order_id)
  select sku, ${kind}, -quantity, quantity, ${orderId}::uuid from moved
  returning sku`
}

const toReservation = (row: Row): Reservation => ({
  status: row.status,
  wanted: row.lines,
  answer: replyOf(row),
})

function replyOf({ lines, total, refusal, refused_sku }: Row): ReservationReply {
  if (refusal)
    return { outcome: 'refused', code: refusal, ...(refused_sku && { sku: refused_sku }) }
  const priced = lines.map(({ price, ...line }) => ({ ...line, unitPrice: euro(price) }))
  return { outcome: 'reserved', lines: priced, total: euro(total ?? 0) }
}
