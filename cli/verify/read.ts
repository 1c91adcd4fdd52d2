import { readFile } from 'node:fs/promises'
import pg from 'pg'
import type { ProviderEffect, World } from './world.ts'

export type Places = {
  /** Connection strings by service. */
  databases: Record<'users' | 'catalog' | 'orders' | 'payments' | 'notifications', string>
  providerLog: string
  /** Base URL of the mail catcher; none: mails are not checked. */
  inbox?: string
}

type Query = <T>(sql: string) => Promise<T[]>

/** Reads the world, each database in one read-only snapshot. */
export async function readWorld({ databases, providerLog, inbox }: Places): Promise<World> {
  const [orders, catalog, payments, messaging, provider, mails] = await Promise.all([
    snapshot(databases.orders, readOrders),
    snapshot(databases.catalog, readCatalog),
    snapshot(databases.payments, readPayments),
    Promise.all(
      Object.entries(databases).map(([service, url]) =>
        snapshot(url, (query) => readMessaging(service, query)),
      ),
    ),
    readProviderLog(providerLog),
    inbox ? readMails(inbox) : [],
  ])
  return {
    ...orders,
    ...catalog,
    ...payments,
    outboxes: messaging.map(({ service, depth }) => ({ service, depth })),
    deadLetters: messaging.flatMap(({ deadLetters }) => deadLetters),
    provider,
    mails,
  }
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
  orders: await query('select id, status, version, total, lines from orders'),
  history: await query('select order_id as "orderId", version, status from order_history'),
})

const readCatalog = async (
  query: Query,
): Promise<Pick<World, 'stock' | 'movements' | 'reservations'>> => ({
  stock: await query('select sku, on_hand as "onHand", reserved, sold from stock'),
  movements: await query(
    'select sku, sum(on_hand)::int as "onHand", sum(reserved)::int as reserved, sum(sold)::int as sold from stock_movements group by sku',
  ),
  reservations: await query('select order_id as "orderId", status, lines from reservations'),
})

const readPayments = async (query: Query): Promise<Pick<World, 'payments' | 'ledger'>> => ({
  payments: await query(
    'select order_id as "orderId", status, amount, provider_reference as "providerReference" from payments',
  ),
  ledger: await query(
    'select order_id as "orderId", movement_id as "movementId", account, side, amount from ledger_entries',
  ),
})

async function readMessaging(service: string, query: Query) {
  const [outbox] = await query<{ depth: number }>('select count(*)::int as depth from outbox')
  const letters = await query<{ id: string; topic: string; cause: string }>(
    'select id, topic, cause from dead_letters where replayed_at is null',
  )
  return {
    service,
    depth: outbox?.depth ?? 0,
    deadLetters: letters.map((letter) => ({ service, ...letter })),
  }
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
