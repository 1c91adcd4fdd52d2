import { euro } from '@sidecart/chassis/contract/money.ts'
import { type Refusal, refused } from '@sidecart/chassis/core/errors.ts'
import { traceparent } from '@sidecart/chassis/observability/telemetry.ts'
import {
  type Database,
  isStale,
  isUniqueViolation,
  type Tx,
  versionFrom,
} from '@sidecart/chassis/persistence/database.ts'
import { deferred } from '@sidecart/chassis/persistence/pipelined-client.ts'
import {
  insertion,
  type Rows,
  statement,
  type Values,
} from '@sidecart/chassis/persistence/statement.ts'
import { prefixQuery } from '@sidecart/chassis/persistence/text-search.ts'
import type { PostalAddress } from '@sidecart/users/contract.ts'
import { type ColumnType, type Generated, type Selectable, sql } from 'kysely'
import type {
  Actor,
  CancelReason,
  GoodsReturn,
  HistoryEntry,
  OrderStatus,
  PartialRefund,
} from './contract.ts'
import {
  type Change,
  type Charge,
  type Line,
  next,
  type Order,
  type Reservation,
} from './domain.ts'
import { countEnd, countPlaced } from './metrics.ts'
import type { IdempotencyKey, OrderList, OrderStore, Viewer } from './ports.ts'
import { leaseMs as defaultLeaseMs } from './saga.ts'

type Json<T> = ColumnType<T, string, string>

export type OrdersTables = {
  orders: {
    id: string
    customer_id: string
    idempotency_key: string
    request_hash: string
    version: number
    status: OrderStatus
    reservation: Reservation
    charge: Charge
    parked_from: OrderStatus | null
    reason: CancelReason | null
    lines: Json<Line[]>
    ship_to: Json<PostalAddress>
    card: string
    expected_total: number | null
    purchase: string | null
    shipped_at: Date | null
    delivered_at: Date | null
    goods_return: Json<GoodsReturn> | null
    refunded_total: Generated<number>
    refunds: ColumnType<PartialRefund[], string | undefined, string>
    total: number | null
    currency: string
    attempts: Generated<number>
    next_attempt_at: Date | null
    /** Trace context of the request or event that last gave the saga something to do. */
    traceparent: string | null
    deadline_at: Date
    placed_at: Date
    updated_at: Date
  }
  order_history: {
    order_id: string
    version: number
    status: OrderStatus
    step: string
    detail: string | null
    trace_id: string | null
    failures: number | null
    /** Null for steps recorded before actors were. */
    actor: Actor['role'] | null
    actor_id: string | null
    at: Date
  }
}

export type OrderRow = Selectable<OrdersTables['orders']>

/**
 * Creates the store in the service's own database: the order row is the saga; history and events commit with the row.
 */
export function createOrderStore(
  database: Database<OrdersTables>,
  now: () => Date = () => new Date(),
): OrderStore {
  /** Unique constraints on key and purchase decide between concurrent requests. */
  async function place(change: Change, key: IdempotencyKey, leaseMs: number) {
    for (;;) {
      if (await inserted(change, key, leaseMs)) {
        countPlaced()
        return { order: change.order, isNew: true }
      }
      const before = await placedBefore(change.order.customerId, key)
      if (before) return { order: before, isNew: false }
      const same = await samePurchase(change.order)
      if (same) throw duplicateOf(same)
      // the other order was cancelled in between
    }
  }

  async function inserted(
    { order, entries, events }: Change,
    key: IdempotencyKey,
    leaseMs: number,
  ): Promise<boolean> {
    const insert = database.inTransaction(async ({ rows, emit }) => {
      if (key.again)
        await rows
          .updateTable('orders')
          .set({ purchase: null })
          .where('id', '=', key.again)
          .where('customer_id', '=', order.customerId)
          .where('purchase', '=', order.purchase ?? null)
          .execute()
      await insertOrder(rows, [
        {
          ...insertable(order),
          idempotency_key: key.key,
          request_hash: key.requestHash,
          next_attempt_at: soon(leaseMs),
          traceparent: traceparent() ?? null,
        },
      ])
      const actor = { role: 'customer' as const, userId: order.customerId }
      await insertHistory(rows, order, entries, actor)
      emit(...events)
      return true
    })
    return insert.catch((error) => {
      if (onePurchaseOneOrder.some((constraint) => isUniqueViolation(error, constraint)))
        return false
      throw error
    })
  }

  async function samePurchase({ customerId, purchase }: Order): Promise<Order | undefined> {
    const row = await database.rows
      .selectFrom('orders')
      .selectAll()
      .where('customer_id', '=', customerId)
      .where('purchase', '=', purchase ?? null)
      .executeTakeFirst()
    return row && toOrder(row)
  }

  async function placedBefore(
    customerId: string,
    { key, requestHash }: IdempotencyKey,
  ): Promise<Order | undefined> {
    const row = await database.rows
      .selectFrom('orders')
      .selectAll()
      .where('customer_id', '=', customerId)
      .where('idempotency_key', '=', key)
      .executeTakeFirst()
    if (!row) return undefined
    if (row.request_hash !== requestHash)
      throw refused(
        'idempotency-key-reused',
        'This Idempotency-Key came with another request before.',
      )
    return toOrder(row)
  }

  async function update(
    id: string,
    decide: (order: Order) => Change,
    viewer?: Viewer,
  ): Promise<Order> {
    let before: Order | undefined
    const decideOnce = (found: Order) => {
      before = found
      return decide(found)
    }
    const asked = { viewer, isAsked: viewer !== undefined }
    const order = await database.inTransaction((tx) => changeWithin(tx, id, decideOnce, asked))
    if (!order || !before) throw refused('not-found', `There is no order ${id}.`)
    countEnd(before, order, now())
    return order
  }

  async function changeWithin(
    tx: Tx<OrdersTables>,
    id: string,
    decide: (order: Order) => Change,
    { viewer, isAsked }: { viewer?: Viewer | undefined; isAsked: boolean },
  ): Promise<Order | undefined> {
    const found = await tx.rows
      .selectFrom('orders')
      .selectAll()
      .where('id', '=', id)
      .$call(visibleTo(viewer))
      .forUpdate()
      .executeTakeFirst()
    if (!found) return undefined
    const before = toOrder(found)
    const change = decide(before)
    if (change.entries.length === 0) return change.order
    return write(tx, before, change, {
      actor: viewer ?? { role: 'system' },
      failures: found.attempts,
      isAsked,
    })
  }

  /** Needs no answer: the version makes the transaction fail if the order has changed. */
  async function write(
    { rows, emit }: Tx<OrdersTables>,
    before: Order,
    { order, entries, events }: Change,
    { actor, failures, isAsked }: { actor: Actor; failures: number; isAsked: boolean },
  ): Promise<Order> {
    const changed: Order = { ...order, updatedAt: now() }
    await updateOrder(rows, {
      ...updatable(changed),
      id: order.id,
      from: before.version,
      next_attempt_at: next(changed) ? soon(defaultLeaseMs) : null,
      traceparent: (isAsked && traceparent()) || null,
    })
    await insertHistory(rows, changed, entries, actor, failures)
    emit(...events)
    return changed
  }

  async function record(
    known: Order,
    failures: number,
    decide: (order: Order) => Change,
  ): Promise<Order> {
    const change = decide(known)
    if (change.entries.length === 0) return update(known.id, decide)
    try {
      const how = { actor: { role: 'system' as const }, failures, isAsked: false }
      const order = await database.inTransaction((tx) => write(tx, known, change, how))
      countEnd(known, order, now())
      return order
    } catch (error) {
      if (isStale(error)) return update(known.id, decide)
      throw error
    }
  }

  async function updateWithin(
    tx: Tx<OrdersTables>,
    id: string,
    decide: (order: Order) => Change,
  ): Promise<void> {
    await changeWithin(tx, id, decide, { isAsked: true })
  }

  async function find(id: string, viewer: Viewer): Promise<Order | undefined> {
    const row = await database.rows
      .selectFrom('orders')
      .selectAll()
      .where('id', '=', id)
      .$call(visibleTo(viewer))
      .executeTakeFirst()
    return row && toOrder(row)
  }

  async function history(id: string): Promise<HistoryEntry[]> {
    const entries = await database.rows
      .selectFrom('order_history')
      .selectAll()
      .where('order_id', '=', id)
      .orderBy('version')
      .execute()
    return entries.map(
      ({ version, status, step, detail, actor, actor_id, trace_id, failures, at }) => ({
        version,
        status,
        step,
        ...(detail && { detail }),
        ...(actor && { actor: { role: actor, ...(actor_id && { userId: actor_id }) } }),
        ...(trace_id && { traceId: trace_id }),
        ...(failures && { failures }),
        at: at.toISOString(),
      }),
    )
  }

  async function list(viewer: Viewer, list: OrderList): Promise<Order[]> {
    const { limit, cursor, status, customerId, customerIds, purchase, text, from, to } = list
    const { goodsReturn, all } = list
    let query = database.rows.selectFrom('orders').selectAll().orderBy('id', 'desc').limit(limit)
    if (!(all && viewer.role === 'operator')) query = query.where('customer_id', '=', viewer.userId)
    if (cursor) query = query.where('id', '<', cursor)
    if (customerId) query = query.where('customer_id', '=', customerId)
    if (customerIds) query = query.where('customer_id', '=', sql<string>`any(${customerIds})`)
    if (purchase) query = query.where('purchase', '=', purchase)
    if (status) query = query.where('status', 'in', status)
    if (from) query = query.where('placed_at', '>=', from)
    if (to) query = query.where('placed_at', '<', to)
    if (text) query = query.where(matches(text))
    if (goodsReturn) query = query.where(sql`goods_return ->> 'status'`, '=', goodsReturn)
    return (await query.execute()).map(toOrder)
  }

  async function claim(limit: number, leaseMs: number) {
    const claimed = await database.rows
      .updateTable('orders')
      .set({ next_attempt_at: soon(leaseMs) })
      .where('id', 'in', (due) =>
        due
          .selectFrom('orders')
          .select('id')
          .where('next_attempt_at', '<=', now())
          .orderBy('next_attempt_at')
          .limit(limit)
          .forUpdate()
          .skipLocked(),
      )
      .returningAll()
      .execute()
    return claimed.map((row) => ({
      order: toOrder(row),
      attempts: row.attempts,
      ...(row.traceparent && { traceparent: row.traceparent }),
    }))
  }

  async function underWay(): Promise<ReadonlyMap<string, number>> {
    const counted = await database.rows
      .selectFrom('orders')
      .select(({ fn }) => ['customer_id', fn.countAll<number>().as('count')])
      .where('next_attempt_at', 'is not', null)
      .groupBy('customer_id')
      .execute()
    return new Map(counted.map(({ customer_id, count }) => [customer_id, count]))
  }

  async function postpone(id: string, delayMs: number, attempts: number): Promise<void> {
    await database.rows
      .updateTable('orders')
      .set({ next_attempt_at: soon(delayMs), attempts })
      .where('id', '=', id)
      .where('next_attempt_at', 'is not', null)
      .execute()
  }

  const soon = (ms: number): Date => new Date(now().getTime() + ms)

  return {
    place,
    placedBefore,
    update,
    record,
    updateWithin,
    find,
    history,
    list,
    claim,
    underWay,
    postpone,
  }
}

const idPattern = '00000000-0000-0000-0000-000000000000'

/**
 * Matches the words of a name, prefixes of words, or the beginning or end of an id. Each condition is a separate
 * query with its own index: for an `or` of all conditions PostgreSQL scans the whole table.
 */
function matches(text: string) {
  const words = prefixQuery(text)
  const ways = words
    ? [sql`to_tsvector('simple', name_words(ship_to)) @@ to_tsquery('simple', fold(${words}))`]
    : []
  const end = text.toLowerCase()
  if (/^[0-9a-f-]{4,36}$/.test(end)) {
    ways.push(sql`reverse(id::text) like reverse(${end}) || '%'`)
    const isBeginning = [...end].every(
      (sign, place) => (sign === '-') === (idPattern[place] === '-'),
    )
    const first = end + idPattern.slice(end.length)
    const last = end + idPattern.slice(end.length).replaceAll('0', 'f')
    if (isBeginning) ways.push(sql`id between ${first}::uuid and ${last}::uuid`)
  }
  if (ways.length === 0) return sql<boolean>`false`
  const queries = ways.map((way) => sql`select id from orders where ${way}`)
  return sql<boolean>`id in (${sql.join(queries, sql` union all `)})`
}

const duplicateOf = ({ id, status, placedAt }: Order): Refusal =>
  refused(
    'duplicate-order',
    `Order ${id} is over the same purchase and is ${status}. To buy the same once more, confirm it.`,
    { order: { orderId: id, status, placedAt: placedAt.toISOString() } },
  )

/** Filters by owner in the query: other customers' orders are not found. */
const visibleTo =
  (viewer: Viewer | undefined) =>
  <Q extends { where(column: 'customer_id', operator: '=', value: string): Q }>(query: Q): Q =>
    viewer && viewer.role !== 'operator' ? query.where('customer_id', '=', viewer.userId) : query

/** Unique constraints that decide between requests for the same order. */
const onePurchaseOneOrder = ['orders_idempotency_key', 'orders_purchase']

async function insertHistory(
  rows: Rows,
  order: Order,
  entries: Change['entries'],
  actor: Actor,
  failures = 0,
): Promise<void> {
  const traceId = traceparent()?.split('-')[1]
  const first = order.version - entries.length + 1
  const values = entries.map(({ status, step, detail }, index) => ({
    order_id: order.id,
    version: first + index,
    status,
    step,
    detail: detail ?? null,
    trace_id: traceId ?? null,
    failures: index === 0 && failures > 0 ? failures : null,
    actor: actor.role,
    actor_id: actor.userId ?? null,
    at: order.updatedAt,
  }))
  await insertEntries(rows, values)
}

const insertEntries = insertion<OrdersTables>()('order_history', [
  'order_id',
  'version',
  'status',
  'step',
  'detail',
  'trace_id',
  'failures',
  'actor',
  'actor_id',
  'at',
])

const updatable = (order: Order) => ({
  version: order.version,
  status: order.status,
  reservation: order.reservation,
  charge: order.charge,
  parked_from: order.parkedFrom ?? null,
  reason: order.reason ?? null,
  purchase: order.purchase ?? null,
  shipped_at: order.shippedAt ?? null,
  delivered_at: order.deliveredAt ?? null,
  refunded_total: order.refundedTotal.amount,
  refunds: JSON.stringify(order.refunds),
  goods_return: order.goodsReturn ? JSON.stringify(order.goodsReturn) : null,
  lines: JSON.stringify(order.lines),
  total: order.total?.amount ?? null,
  updated_at: order.updatedAt,
})

type Update = ReturnType<typeof updatable> & {
  id: string
  /** The version that the order must have. */
  from: number
  next_attempt_at: Date | null
  /** The trace to continue; null leaves the one that the order has. */
  traceparent: string | null
}

const updateOrder = statement<OrdersTables>()((db, value: Values<Update>) =>
  db
    .updateTable('orders')
    .set({
      status: value('status'),
      reservation: value('reservation'),
      charge: value('charge'),
      parked_from: value('parked_from'),
      reason: value('reason'),
      purchase: value('purchase'),
      shipped_at: value('shipped_at'),
      delivered_at: value('delivered_at'),
      refunded_total: value('refunded_total'),
      refunds: value('refunds'),
      goods_return: value('goods_return'),
      lines: value('lines'),
      total: value('total'),
      updated_at: value('updated_at'),
      version: versionFrom(value('from'), value('version')),
      attempts: 0,
      next_attempt_at: value('next_attempt_at'),
      traceparent: sql`coalesce(${value('traceparent')}, traceparent)`,
    })
    .where('id', '=', value('id'))
    .modifyEnd(deferred),
)

const insertable = (order: Order) => ({
  ...updatable(order),
  id: order.id,
  customer_id: order.customerId,
  ship_to: JSON.stringify(order.shipTo),
  card: order.card,
  expected_total: order.expectedTotal?.amount ?? null,
  currency: 'EUR',
  deadline_at: order.deadlineAt,
  placed_at: order.placedAt,
})

const insertOrder = insertion<OrdersTables>()('orders', [
  'id',
  'customer_id',
  'idempotency_key',
  'request_hash',
  'version',
  'status',
  'reservation',
  'charge',
  'parked_from',
  'reason',
  'purchase',
  'shipped_at',
  'delivered_at',
  'refunded_total',
  'refunds',
  'goods_return',
  'lines',
  'ship_to',
  'card',
  'expected_total',
  'total',
  'currency',
  'next_attempt_at',
  'traceparent',
  'deadline_at',
  'placed_at',
  'updated_at',
])

export const toOrder = (row: OrderRow): Order => ({
  id: row.id,
  customerId: row.customer_id,
  version: row.version,
  status: row.status,
  lines: row.lines,
  shipTo: row.ship_to,
  card: row.card,
  ...(row.expected_total !== null && { expectedTotal: euro(row.expected_total) }),
  ...(row.total !== null && { total: euro(row.total) }),
  ...(row.purchase && { purchase: row.purchase }),
  ...(row.shipped_at && { shippedAt: row.shipped_at }),
  ...(row.delivered_at && { deliveredAt: row.delivered_at }),
  refundedTotal: euro(row.refunded_total),
  refunds: row.refunds,
  ...(row.goods_return && { goodsReturn: row.goods_return }),
  ...(row.reason && { reason: row.reason }),
  reservation: row.reservation,
  charge: row.charge,
  ...(row.parked_from && { parkedFrom: row.parked_from }),
  placedAt: row.placed_at,
  updatedAt: row.updated_at,
  deadlineAt: row.deadline_at,
})
