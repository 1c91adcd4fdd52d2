import { readFile } from 'node:fs/promises'
import pg from 'pg'
import type { ShopClient } from '../shop-client.ts'
import { readRecord } from './record.ts'
import type { ProviderEffect, World } from './world.ts'

export type Places = {
  /** Connection strings by service. */
  databases: Record<'users' | 'catalog' | 'orders' | 'payments' | 'notifications', string>
  providerLog: string
  /** Base URL of the mail catcher; none: mails are not checked. */
  inbox?: string
  /** The public door, and who may look at what no database shows. */
  gateway: string
  operator: { email: string; password: string }
  /** A driver's record; none: nobody says what was asked and answered. */
  record?: string | undefined
}

type Query = <T>(sql: string) => Promise<T[]>

/**
 * Reads the world, each database in one read-only snapshot: first what follows from orders, last the orders
 * themselves, so that whatever was read belongs to an order that was read. `operator` is signed in. Mails are read
 * by `withMails`: their catcher answers with all it ever caught.
 */
export async function readWorld(places: Places, operator: ShopClient): Promise<World> {
  const { databases, providerLog } = places
  const record = await readRecord(places.record)
  const [provider, catalog, payments, notifications, users, messaging, carts] = await Promise.all([
    readProviderLog(providerLog),
    snapshot(databases.catalog, readCatalog),
    snapshot(databases.payments, readPayments),
    snapshot(databases.notifications, readNotifications),
    snapshot(databases.users, readUsers),
    Promise.all(
      Object.entries(databases).map(([service, url]) =>
        snapshot(url, (query) => readMessaging(service, query)),
      ),
    ),
    readDeadLetters(operator, 'carts'),
  ])
  return {
    ...catalog,
    ...payments,
    ...notifications,
    users,
    inboxes: messaging.map(({ service, heard }) => ({ service, heard })),
    outboxes: messaging.map(({ service, depth, oldestSeconds }) => ({
      service,
      depth,
      oldestSeconds,
    })),
    deadLetters: [...messaging.flatMap(({ deadLetters }) => deadLetters), ...carts],
    provider,
    mails: [],
    record,
    ...(await snapshot(databases.orders, readOrders)),
  }
}

export async function withMails(world: World, { inbox }: Places): Promise<World> {
  return inbox ? { ...world, mails: await readMails(inbox) } : world
}

async function snapshot<T>(
  connectionString: string,
  read: (query: Query) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString, types: { getTypeParser: exactBigints } })
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    return await read(async <R>(sql: string) => (await client.query(sql)).rows as R[])
  } finally {
    await client.end()
  }
}

/** bigint columns hold minor units and counts, exact as numbers up to 2^53. */
const exactBigints = ((oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8
    ? Number
    : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser

const readOrders = async (query: Query): Promise<Pick<World, 'orders' | 'history'>> => ({
  orders: await query(
    `select id, customer_id as "customerId", idempotency_key as key, status, version, total, lines, reservation as goods,
      refunded_total as "refundedTotal",
      ${secondsSince('updated_at')} as "idleSeconds", ${secondsSince('next_attempt_at')} as "overdueSeconds" from orders`,
  ),
  history: await query('select order_id as "orderId", version, status from order_history'),
})

type Catalog = Pick<
  World,
  'products' | 'stock' | 'movements' | 'promised' | 'moves' | 'reservations'
>

const readCatalog = async (query: Query): Promise<Catalog> => ({
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
  moves: await query(
    'select order_id as "orderId", sku, kind, count(*)::int as times from stock_movements where order_id is not null group by order_id, sku, kind',
  ),
  reservations: await query('select order_id as "orderId", status, lines from reservations'),
})

const readPayments = async (query: Query): Promise<Pick<World, 'payments' | 'ledger'>> => ({
  payments: await query(
    'select order_id as "orderId", status, amount, provider_reference as "providerReference", refund_reference as "refundReference", refunds from payments',
  ),
  ledger: await query(
    'select order_id as "orderId", movement_id as "movementId", account, side, amount from ledger_entries',
  ),
})

const readNotifications = async (query: Query): Promise<Pick<World, 'notices' | 'contacts'>> => ({
  notices: await query(
    `select order_id as "orderId", kind, status, ${secondsSince("case status when 'pending' then due_at when 'sending' then claimed_at when 'sent' then sent_at end")} as "sinceSeconds"
    from mails where order_id is not null`,
  ),
  contacts: await query('select user_id as "userId" from contacts'),
})

const readUsers = (query: Query): Promise<World['users']> =>
  query(
    `select user_id as "userId", version, ${secondsSince('registered_at')} as "idleSeconds" from users`,
  )

async function readMessaging(service: string, query: Query) {
  const [waiting] = await query<{ depth: number; oldestSeconds: number }>(
    `select count(*)::int as depth, coalesce(${secondsSince('min(created_at)')}, 0) as "oldestSeconds" from outbox`,
  )
  const [inbox] = await query<{ heard: number }>('select count(*)::int as heard from inbox')
  // a service that hears nothing has no column for the next try
  const letters = await query<Omit<World['deadLetters'][number], 'service'>>(
    `select id, topic, cause, to_jsonb(letter) ->> 'next_attempt_at' is not null as "triedAgain",
      ${secondsSince('arrived_at')} as "ageSeconds" from dead_letters as letter where replayed_at is null`,
  )
  return {
    service,
    ...(waiting ?? { depth: 0, oldestSeconds: 0 }),
    heard: inbox?.heard ?? 0,
    deadLetters: letters.map((letter) => ({ service, ...letter })),
  }
}

/** By the server's clock, exact to the moment of the question. */
const secondsSince = (moment: string): string =>
  `extract(epoch from clock_timestamp() - ${moment})::float`

type Letter = {
  id: string
  topic: string
  cause: string
  arrivedAt: string
  nextAttemptAt?: string
  replayedAt?: string
}

/** A service without a database of its own is asked. */
async function readDeadLetters(
  operator: ShopClient,
  service: string,
): Promise<World['deadLetters']> {
  const { deadLetters } = await operator.ask('GET', `/${service}/dead-letters`)
  return (deadLetters as Letter[])
    .filter(({ replayedAt }) => replayedAt === undefined)
    .map(({ id, topic, cause, arrivedAt, nextAttemptAt }) => ({
      service,
      id,
      topic,
      cause,
      triedAgain: nextAttemptAt !== undefined,
      ageSeconds: (Date.now() - Date.parse(arrivedAt)) / 1000,
    }))
}

/** The provider's log as it stands on the disk; a torn last line was never answered for. */
async function readProviderLog(path: string): Promise<ProviderEffect[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ProviderEffect)
}

const orderIdPattern = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/

type CaughtMail = { subject: string; text?: string; html?: string; to: { address: string }[] }

async function readMails(inbox: string): Promise<World['mails']> {
  const answer = await fetch(`${inbox}/api/email`)
  if (!answer.ok) throw new Error(`the mail catcher at ${inbox} answered ${answer.status}`)
  const caught = (await answer.json()) as CaughtMail[]
  return caught.flatMap(({ subject, text, html, to }) => {
    const orderId = orderIdPattern.exec(`${text ?? ''} ${html ?? ''}`)?.[0]
    return orderId ? [{ subject, orderId, to: to.map(({ address }) => address).join() }] : []
  })
}
