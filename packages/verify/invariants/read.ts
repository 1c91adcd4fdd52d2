import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Places } from '@sidecart/client/connection-info.ts'
import { caughtMails } from '@sidecart/client/mail-catcher.ts'
import type { ShopClient } from '@sidecart/client/shop-client.ts'
import { subscribes } from '@sidecart/platform/config/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import pg from 'pg'
import { readJournal } from './client-journal.ts'
import { openProviderIndex, type ProviderIndex } from './provider-index.ts'
import { emptySnapshot, type Snapshot } from './snapshot.ts'

/** Services with tables of orders, payments, products or users. */
const known = ['users', 'catalog', 'orders', 'payments', 'notifications'] as const
type Service = (typeof known)[number]
const services = known.filter((service) => manifests.some(({ name }) => name === service))

/** Services that store their dead letters outside of a database. */
const withoutDatabase = manifests
  .filter((service) => subscribes(service) && !service.database)
  .map(({ name }) => name)

/** Time and identity of each database at a snapshot, by the database's own clock. */
export type Mark = Record<Service, { at: string; identity: string }> & {
  /** Number of the last effect read from the provider's log. */
  provider: number
}

/** A service that was removed has no rows. */
const withoutService: Record<string, Query> = Object.fromEntries(
  known.map((service) => [service, async () => []]),
)

type Query = <T>(sql: string, values?: unknown[]) => Promise<T[]>
type Queries = Record<Service, Query> & Record<string, Query>

export type Reader = {
  /** Yields the orders (or users) slice by slice with all their rows, in constant memory. */
  slices(): AsyncGenerator<Snapshot>
  /** Returns sums, and rows without an order. */
  shop(): Promise<Snapshot>
  mark: Mark
  /** Id of the newest order. */
  newest: string | undefined
  close(): Promise<void>
}

export type ReadOptions = {
  /** Reads only changes since this mark, provided databases and log are still the same. */
  since?: Mark | undefined
  /** Additional seconds before `since`, for late commits and clock differences. */
  overlapSeconds?: number
  mails?: boolean
}

const ordersPerSlice = 500
const usersPerSlice = 5_000
/**
 * Above this number of changed orders the whole shop is read, because the ids are kept in memory.
 */
const mostChanges = 100_000

/**
 * Opens one read-only snapshot per database. Mails and the provider's log are read first, then the
 * services depending on orders, and orders last, so every row read belongs to an order in the
 * snapshot.
 * @param operator client signed in as an operator
 */
export async function openReader(
  places: Places,
  operator: ShopClient,
  { since, overlapSeconds = 600, mails = false }: ReadOptions = {},
): Promise<Reader> {
  const record = await readJournal(places.record)
  const folder = places.memory ?? mkdtempSync(join(tmpdir(), 'sidecart-verify-'))
  const provider = await openProviderIndex(places.providerLog, join(folder, 'provider.sqlite'), {
    anew: since === undefined,
  })
  await provider.catchUp()
  await provider.catchUp()
  const letters = await Promise.all(withoutDatabase.map((name) => readDeadLetters(operator, name)))
  const caught = mails && places.inbox ? await readMails(places.inbox) : []
  const clients: pg.Client[] = []

  async function close(): Promise<void> {
    await Promise.all(clients.map((client) => client.end().catch(() => {})))
    provider.close()
    if (places.memory === undefined) rmSync(folder, { recursive: true, force: true })
  }

  async function snapshot(service: string) {
    const client = new pg.Client({
      connectionString: places.databases[service],
      types: { getTypeParser: exactBigints },
    })
    clients.push(client)
    await client.connect()
    await client.query('begin isolation level repeatable read read only')
    let before: Promise<unknown> = Promise.resolve()
    const query: Query = <T>(sql: string, values: unknown[] = []) => {
      const rows = before.then(async () => (await client.query(sql, values)).rows as T[])
      before = rows.catch(() => {})
      return rows
    }
    const [mark] = await query<Mark[Service]>(
      `select now()::text as at, (select system_identifier from pg_control_system()) || '/' || oid as identity
        from pg_database where datname = current_database()`,
    )
    if (!mark) throw new Error(`the database of ${service} does not know itself`)
    return { service, query, mark }
  }

  try {
    const others = await Promise.all(
      Object.keys(places.databases)
        .filter((name) => name !== 'orders')
        .map((name) => snapshot(name)),
    )
    const all = [...others, await snapshot('orders')]
    const query = {
      ...withoutService,
      ...Object.fromEntries(all.map((one) => [one.service, one.query])),
    } as Queries
    const marks = Object.fromEntries(all.map((one) => [one.service, one.mark])) as Record<
      Service,
      Mark[Service]
    >
    const mark = { ...marks, provider: provider.last() }
    const same =
      since !== undefined &&
      provider.wasThere &&
      services.every((name) => since[name]?.identity === mark[name].identity)
    const changed = same
      ? await changedOrders(query, since, overlapSeconds, [
          ...provider.after(since.provider),
          ...caught.map(({ orderId }) => orderId),
        ])
      : undefined
    const shop = await readShop(query, record, letters.flat(), changed === undefined)
    // forces index scans, also before the tables have been analyzed
    for (const one of all) await one.query('set local enable_seqscan = off')
    const source = { query, provider, caught }
    const [newest] = await query.orders<{ id: string }>(
      'select id from orders order by id desc limit 1',
    )
    return {
      mark,
      newest: newest?.id,
      async *slices() {
        yield* oneAhead(changed ? someOrders(source, changed) : allOrders(source))
        yield* usersSince(query, changed && since ? [since.users.at, overlapSeconds] : undefined)
      },
      shop: async () => shop,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Prefetches the next slice while the current one is judged. */
async function* oneAhead<T>(slices: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = slices.next()
  for (;;) {
    const { value, done } = await next
    if (done) return
    next = slices.next()
    next.catch(() => {})
    yield value
  }
}

type Source = { query: Queries; provider: ProviderIndex; caught: Snapshot['mails'] }

const first = '00000000-0000-0000-0000-000000000000'
const last = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

async function* allOrders({ query, provider, caught }: Source): AsyncGenerator<Snapshot> {
  for (let low = first; low !== last; ) {
    const [bound] = await query.orders<{ id: string }>(
      'select id from orders where id > $1 order by id offset $2 limit 1',
      [low, ordersPerSlice - 1],
    )
    const high = bound?.id ?? last
    const slice = await readSlice(query, (id) => `${id} > $1 and ${id} <= $2`, [low, high])
    const isIn = ({ orderId }: { orderId: string }) => orderId > low && orderId <= high
    // effects with an impossible order id belong to the last slice
    const lost = high === last ? provider.between(last, '\uffff') : []
    yield {
      ...slice,
      mails: caught.filter(isIn),
      provider: [...provider.between(low === first ? '' : low, high), ...lost],
    }
    low = high
  }
}

async function* someOrders(
  { query, provider, caught }: Source,
  ids: readonly string[],
): AsyncGenerator<Snapshot> {
  for (let at = 0; at < ids.length; at += ordersPerSlice) {
    const some = ids.slice(at, at + ordersPerSlice)
    const among = new Set(some)
    const known = some.filter((id) => uuid.test(id))
    const slice = await readSlice(query, (id) => `${id} = any($1::uuid[])`, [known])
    const mails = caught.filter(({ orderId }) => among.has(orderId))
    yield { ...slice, mails, provider: provider.of(some) }
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function readSlice(
  { orders, catalog, payments, notifications }: Queries,
  where: (id: string) => string,
  values: unknown[],
): Promise<Snapshot> {
  const those = where('order_id')
  const [found, history, moves, reservations, paid, ledger, notices, pruned] = await Promise.all([
    orders<Snapshot['orders'][number]>(`${selectOrders} where ${where('id')}`, values),
    orders<Snapshot['history'][number]>(
      `select order_id as "orderId", version, status from order_history where ${those}`,
      values,
    ),
    catalog<Snapshot['moves'][number]>(
      `select order_id as "orderId", sku, kind, count(*)::int as times from stock_movements where ${those} group by order_id, sku, kind`,
      values,
    ),
    catalog<Snapshot['reservations'][number]>(
      `select order_id as "orderId", status, lines from reservations where ${those}`,
      values,
    ),
    payments<Snapshot['payments'][number]>(`${selectPayments} where ${those}`, values),
    payments<Snapshot['ledger'][number]>(
      `select order_id as "orderId", movement_id as "movementId", account, side, amount from ledger_entries where ${those}`,
      values,
    ),
    notifications<Snapshot['notices'][number]>(`${selectNotices} where ${those}`, values),
    prunedFrom('mails', notifications),
  ])
  const noticed = new Set(
    notices.filter(({ kind }) => kind === 'placed').map(({ orderId }) => orderId),
  )
  const old = pruned
    ? await orders<{ id: string }>(
        `select id from orders where ${where('id')} and ${secondsSince('placed_at')} > ${pruned.seconds}`,
        values,
      )
    : []
  return {
    ...emptySnapshot(),
    orders: found,
    history,
    moves,
    reservations,
    payments: paid,
    ledger,
    notices,
    withoutNotices: old.map(({ id }) => id).filter((id) => !noticed.has(id)),
  }
}

/** Returns ids of orders with rows written after `since`, or `undefined` above `mostChanges`. */
async function changedOrders(
  query: Queries,
  since: Mark,
  overlapSeconds: number,
  others: readonly string[],
): Promise<string[] | undefined> {
  const ids = new Set(others)
  for (const [service, table, columns, id] of timesOfChanges) {
    if (!services.includes(service)) continue
    const after = columns
      .map((column) => `${column} > $1::timestamptz - make_interval(secs => $2)`)
      .join(' or ')
    const found = await query[service]<{ id: string }>(
      `select distinct ${id} as id from ${table} where (${after}) and ${id} is not null limit ${mostChanges + 1}`,
      [since[service].at, overlapSeconds],
    )
    for (const one of found) ids.add(one.id)
    if (ids.size > mostChanges) return undefined
  }
  return [...ids].sort()
}

const timesOfChanges: readonly [Service, table: string, columns: string[], id: string][] = [
  ['orders', 'orders', ['updated_at'], 'id'],
  ['orders', 'order_history', ['at'], 'order_id'],
  ['catalog', 'reservations', ['changed_at'], 'order_id'],
  ['catalog', 'stock_movements', ['at'], 'order_id'],
  ['payments', 'payments', ['updated_at'], 'order_id'],
  ['payments', 'ledger_entries', ['recorded_at'], 'order_id'],
  ['notifications', 'mails', ['created_at', 'claimed_at', 'sent_at', 'due_at'], 'order_id'],
]

async function* usersSince(
  { users, notifications }: Queries,
  since?: [at: string, overlapSeconds: number],
): AsyncGenerator<Snapshot> {
  const recent = since ? 'and registered_at > $3::timestamptz - make_interval(secs => $4)' : ''
  for (let low = first; ; ) {
    const some = await users<Snapshot['users'][number]>(
      `select user_id as "userId", version, ${secondsSince('registered_at')} as "idleSeconds" from users
        where user_id > $1 ${recent} order by user_id limit $2`,
      [low, usersPerSlice, ...(since ?? [])],
    )
    const contacts = await notifications<Snapshot['contacts'][number]>(selectContacts, [
      some.map(({ userId }) => userId),
    ])
    yield { ...emptySnapshot(), users: some, contacts }
    if (some.length < usersPerSlice) return
    low = some.at(-1)?.userId ?? last
  }
}

/** Reads a shop small enough for memory, without mails; see `withMails`. */
export async function readSnapshot(places: Places, operator: ShopClient): Promise<Snapshot> {
  const reader = await openReader(places, operator)
  try {
    const world = await reader.shop()
    const parts = [
      'orders',
      'history',
      'moves',
      'reservations',
      'payments',
      'ledger',
      'provider',
      'notices',
      'users',
      'contacts',
    ] as const
    for (const part of parts) world[part] = []
    for await (const slice of reader.slices())
      for (const part of parts) (world[part] as unknown[]).push(...slice[part])
    return world
  } finally {
    await reader.close()
  }
}

export async function withMails(world: Snapshot, { inbox }: Places): Promise<Snapshot> {
  return inbox ? { ...world, mails: await readMails(inbox) } : world
}

/** bigint columns hold minor units and counts, exact as numbers up to 2^53. */
const exactBigints = ((oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8
    ? Number
    : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser

/** Seconds since a moment, by the database's clock at the snapshot. */
const secondsSince = (moment: string): string => `extract(epoch from now() - ${moment})::float`

const selectOrders = `select id, customer_id as "customerId", idempotency_key as key, status, version, total, lines, reservation as goods, refunded_total as "refundedTotal",
  ${secondsSince('updated_at')} as "idleSeconds", ${secondsSince('next_attempt_at')} as "overdueSeconds" from orders`

const selectPayments = `select order_id as "orderId", status, amount, provider_reference as "providerReference", refund_reference as "refundReference", refunds from payments`

const selectNotices = `select order_id as "orderId", kind, status,
  ${secondsSince("case status when 'pending' then due_at when 'sending' then claimed_at when 'sent' then sent_at end")} as "sinceSeconds" from mails`

/** Mails that left, or were to leave, for an address that is not confirmed; it stays so only until it is. */
const selectContacts = `select user_id as "userId", case when confirmed then 0 else (
    select count(*)::int from mails where customer_id = user_id and kind <> 'confirm-email'
      and status in ('pending', 'sending', 'sent', 'unconfirmed', 'failed')
  ) end as "mailedEarly" from contacts where user_id = any($1::uuid[])`

/** Sums, made where the rows are; and rows of which there are few, or which are cut off at some number. */
async function readShop(
  query: Queries,
  record: Snapshot['record'],
  letters: Snapshot['deadLetters'],
  everything: boolean,
): Promise<Snapshot> {
  const messaging = await Promise.all(
    Object.entries(query).map(([service, ask]) => readMessaging(service, ask, everything)),
  )
  const customers = [
    record.customers,
    record.answers.flatMap((one) => (one.outcome === 'accepted' ? [one.orderId] : [])),
  ]
  return {
    ...emptySnapshot(),
    ...(await readStock(query.catalog)),
    inboxes: messaging.flatMap(({ service, received }) =>
      received === undefined ? [] : [{ service, received }],
    ),
    outboxes: messaging.map(({ service, depth, oldestSeconds }) => ({
      service,
      depth,
      oldestSeconds,
    })),
    deadLetters: [...messaging.flatMap(({ deadLetters }) => deadLetters), ...letters],
    notices: await query.notifications(waitingMails),
    orders:
      record.customers.length === 0
        ? []
        : await query.orders(
            `${selectOrders} where customer_id = any($1::uuid[]) or id = any($2::uuid[])`,
            customers,
          ),
    record,
  }
}

/**
 * Overdue mails, plus the most recently sent mail: a recent send means the overdue mails are only
 * queued.
 */
const waitingMails = `with late as (
    select * from (${selectNotices} where status in ('pending', 'sending') and order_id is not null) as waiting
    where "sinceSeconds" > 30 limit 1000
  )
  select * from late union all (
    select * from (${selectNotices} where status = 'sent' and sent_at > now() - interval '30 s') as left_now
    where exists (select from late) limit 1
  )`

type Stock = Pick<Snapshot, 'products' | 'stock' | 'movements' | 'promised'>

const readStock = async (query: Query): Promise<Stock> => ({
  products: await query('select sku, version from products'),
  stock: await query('select sku, on_hand as "onHand", reserved, sold from stock'),
  movements: await query(
    'select sku, sum(on_hand)::int as "onHand", sum(reserved)::int as reserved, sum(sold)::int as sold from stock_movements group by sku',
  ),
  promised: await query(
    `select sku, coalesce(sum(quantity) filter (where status = 'reserved'), 0)::int as reserved,
      coalesce(sum(quantity) filter (where status = 'sold'), 0)::int as sold
    from reservations, jsonb_to_recordset(lines) as line (sku text, quantity integer) group by sku`,
  ),
})

async function readMessaging(service: string, query: Query, everything: boolean) {
  const [waiting] = await query<{ depth: number; oldestSeconds: number }>(
    `select count(*)::int as depth, coalesce(${secondsSince('min(created_at)')}, 0) as "oldestSeconds" from outbox`,
  )
  const [inbox] = everything
    ? await query<{ received: number }>('select count(*)::int as received from inbox')
    : []
  // a service that receives nothing has no columns for the next try and for what was dismissed
  const letters = await query<Omit<Snapshot['deadLetters'][number], 'service'>>(
    `select id, topic, cause, to_jsonb(letter) ->> 'next_attempt_at' is not null as "triedAgain",
      ${secondsSince('arrived_at')} as "ageSeconds" from dead_letters as letter
      where replayed_at is null and to_jsonb(letter) ->> 'dismissed_at' is null limit 10000`,
  )
  return {
    service,
    ...(waiting ?? { depth: 0, oldestSeconds: 0 }),
    received: inbox && inbox.received + ((await prunedFrom('inbox', query))?.rows ?? 0),
    deadLetters: letters.map((letter) => ({ service, ...letter })),
  }
}

/** Returns how many rows of a table were deleted because of their age, and the age in seconds of the youngest. */
async function prunedFrom(
  table: string,
  query: Query,
): Promise<{ rows: number; seconds: number } | undefined> {
  // a service that receives nothing has no such table
  const [{ exists = false } = {}] = await query<{ exists: boolean }>(
    `select to_regclass('pruned') is not null as exists`,
  )
  if (!exists) return undefined
  const [pruned] = await query<{ rows: number; seconds: number }>(
    `select rows::int, ${secondsSince('until')} as seconds from pruned where table_name = $1`,
    [table],
  )
  return pruned
}

type Letter = {
  id: string
  topic: string
  cause: string
  arrivedAt: string
  nextAttemptAt?: string
  replayedAt?: string
  dismissedAt?: string
}

/** Reads dead letters over HTTP from a service without its own database. */
async function readDeadLetters(
  operator: ShopClient,
  service: string,
): Promise<Snapshot['deadLetters']> {
  const { deadLetters } = await operator.ask('GET', `/${service}/dead-letters`)
  return (deadLetters as Letter[])
    .filter(({ replayedAt, dismissedAt }) => !replayedAt && !dismissedAt)
    .map(({ id, topic, cause, arrivedAt, nextAttemptAt }) => ({
      service,
      id,
      topic,
      cause,
      triedAgain: nextAttemptAt !== undefined,
      ageSeconds: (Date.now() - Date.parse(arrivedAt)) / 1000,
    }))
}

const orderIdPattern = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/

async function readMails(inbox: string): Promise<Snapshot['mails']> {
  const caught = await caughtMails(inbox)
  return caught.flatMap(({ subject, text, html, to }) => {
    const orderId = orderIdPattern.exec(`${text ?? ''} ${html ?? ''}`)?.[0]
    return orderId ? [{ subject, orderId, to: to.map(({ address }) => address).join() }] : []
  })
}
