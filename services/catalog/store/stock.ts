import { refused } from '@sidecart/chassis/core/errors.ts'
import type { Database, Tx } from '@sidecart/chassis/persistence/database.ts'
import type { Selectable } from 'kysely'
import type { Stock, StockAdjustment } from '../contract.ts'
import type { StockLedger } from '../ports.ts'
import type { CatalogTables } from './tables.ts'

const shownMovements = 100

export function createStockLedger(database: Database<CatalogTables>): StockLedger {
  const adjust: StockLedger['adjust'] = (sku, adjustment, key, decide, operatorId) =>
    database.inTransaction(async (tx) => {
      const found = await lock(tx, sku)
      if (!found) throw refused('not-found', `There is no product ${sku}.`)
      const answered = key && (await answerBefore(tx, sku, key, adjustment))
      if (answered) return answered
      const { name, ...before } = found
      const { stock, events } = decide(before, name)
      await tx.rows
        .updateTable('stock')
        .set({ on_hand: stock.onHand })
        .where('sku', '=', sku)
        .execute()
      await tx.rows
        .insertInto('stock_movements')
        .values({
          sku,
          kind: 'adjusted',
          on_hand: stock.onHand - before.onHand,
          reason: adjustment.reason,
          operator_id: operatorId ?? null,
        })
        .execute()
      if (key) await remember(tx, key, adjustment, stock)
      tx.emit(...events)
      return stock
    })

  const report: StockLedger['report'] = async (sku) => {
    const stock = await database.rows
      .selectFrom('stock')
      .innerJoin('products', 'products.sku', 'stock.sku')
      .select(columns)
      .where('stock.sku', '=', sku)
      .executeTakeFirst()
    if (!stock) return undefined
    const movements = await database.rows
      .selectFrom('stock_movements')
      .selectAll()
      .where('sku', '=', sku)
      .orderBy('id', 'desc')
      .limit(shownMovements)
      .execute()
    return {
      ...stock,
      movements: movements.map((row) => ({
        kind: shown(row.kind),
        onHand: row.on_hand,
        reserved: row.reserved,
        sold: row.sold,
        ...(row.order_id && { orderId: row.order_id }),
        ...(row.reason && { reason: row.reason }),
        ...(row.operator_id && { operatorId: row.operator_id }),
        at: row.at.toISOString(),
      })),
    }
  }

  const ofOrder: StockLedger['ofOrder'] = async (orderId) => {
    const reservation = await database.rows
      .selectFrom('reservations')
      .selectAll()
      .where('order_id', '=', orderId)
      .executeTakeFirst()
    const skus = reservation?.lines.map(({ sku }) => sku) ?? []
    if (!reservation || skus.length === 0)
      return { ...(reservation && { reservation: held(reservation) }), movements: [] }
    const movements = await database.rows
      .selectFrom('stock_movements')
      .select(['sku', 'kind', 'on_hand as onHand', 'reserved', 'sold', 'at'])
      .where('sku', 'in', skus)
      .where('order_id', '=', orderId)
      .orderBy('at')
      .orderBy('id')
      .execute()
    return {
      reservation: held(reservation),
      movements: movements.map(({ at, kind, ...rest }) => ({
        kind: shown(kind),
        ...rest,
        at: at.toISOString(),
      })),
    }
  }

  return { adjust, report, ofOrder }
}

/** For clients, returned goods are shown as released. */
const shown = <S extends string>(kind: S): Exclude<S, 'returned'> | 'released' =>
  kind === 'returned' ? 'released' : (kind as Exclude<S, 'returned'>)

const held = (row: Selectable<CatalogTables['reservations']>) => ({
  status: shown(row.status),
  ...(row.status === 'returned' && { returned: true as const }),
  ...(row.refusal && { refusal: row.refusal }),
  at: row.at.toISOString(),
  changedAt: row.changed_at.toISOString(),
})

const columns = [
  'stock.sku',
  'stock.on_hand as onHand',
  'stock.reserved',
  'stock.sold',
  'products.low_stock_at as lowStockAt',
] as const

const lock = ({ rows }: Tx<CatalogTables>, sku: string) =>
  rows
    .selectFrom('stock')
    .innerJoin('products', 'products.sku', 'stock.sku')
    .select([...columns, 'products.name'])
    .where('stock.sku', '=', sku)
    .forUpdate('stock')
    .executeTakeFirst()

async function answerBefore(
  { rows }: Tx<CatalogTables>,
  sku: string,
  key: string,
  { delta, reason }: StockAdjustment,
): Promise<Stock | undefined> {
  const known = await rows
    .selectFrom('stock_adjustments')
    .selectAll()
    .where('sku', '=', sku)
    .where('key', '=', key)
    .executeTakeFirst()
  if (known && (known.delta !== delta || known.reason !== reason))
    throw refused('idempotency-key-reused', 'This Idempotency-Key came with another adjustment.')
  return known?.answer
}

async function remember(
  { rows }: Tx<CatalogTables>,
  key: string,
  { delta, reason }: StockAdjustment,
  answer: Stock,
): Promise<void> {
  await rows
    .insertInto('stock_adjustments')
    .values({ sku: answer.sku, key, delta, reason, answer: JSON.stringify(answer) })
    .execute()
}
