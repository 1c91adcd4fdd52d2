import { appendFileSync, closeSync, mkdirSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import { euro } from '@sidecart/chassis/contract/money.ts'
import type { Places, ShopService } from '@sidecart/client/connection-info.ts'
import { paymentEvents } from '@sidecart/payments/contract.ts'
import { subscribes } from '@sidecart/platform/config/manifest.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { UserError } from '@sidecart/platform/config/project.ts'
import { userEvents } from '@sidecart/users/contract.ts'
import pg from 'pg'
import { v7 as uuid } from 'uuid'
import {
  type Change,
  cancel,
  charged,
  deliver,
  goodsReturned,
  type Order,
  place,
  released,
  requestRefund,
  reserved,
  returned,
  ship,
} from '../../../services/orders/domain.ts'
import { copyInto, type Row } from './copy.ts'

export type HistoryOptions = {
  orders: number
  /** Permits seeding a shop with existing customer orders. */
  force?: boolean
  onProgress?: (orders: number) => void
}

type Product = { sku: string; name: string; price: number }
type Tables = Record<ShopService, Record<string, Row[]>> & Record<string, Record<string, Row[]>>

const batch = 4_000
const ordersPerCustomer = 10
const ordersPerBreath = 50
const dayMs = 86_400_000
const days = 365
const keyPrefix = 'seed '

/**
 * Writes a history of orders into all databases and the provider's log: most delivered, the others
 * confirmed, cancelled or refunded. Each order passes through the domain rules of orders, and its
 * events are marked as consumed. The provider must be stopped, because only one process may write
 * the log.
 *
 * @throws UserError when customer orders exist and `force` is not set, or when there are no
 * products
 */
export async function writeHistory(
  places: Pick<Places, 'databases' | 'providerLog'>,
  { orders, force = false, onProgress = () => {} }: HistoryOptions,
): Promise<void> {
  const names = Object.keys(places.databases)
  const clients = new Map<string, pg.Client>()
  for (const name of names)
    clients.set(name, new pg.Client({ connectionString: places.databases[name] }))
  const of = (name: string) => clients.get(name) as pg.Client
  try {
    await Promise.all([...clients.values()].map((client) => client.connect()))
    for (const client of clients.values()) await client.query('set synchronous_commit = off')
    const { rows: real } = await of('orders').query(
      'select from orders where idempotency_key not like $1 limit 1',
      [`${keyPrefix}%`],
    )
    if (real.length > 0 && !force)
      throw new UserError('This shop has orders of customers. To add to them all the same: --force')
    const { rows: products } = await of('catalog').query<Product>(
      'select sku, name, price::int from products where not discontinued order by sku',
    )
    if (products.length === 0) throw new UserError('This shop sells nothing: start it once first.')
    const log = openLog(places.providerLog)
    const from = Date.now() - days * dayMs
    let customerId = ''
    let writing: Promise<unknown> = Promise.resolve()
    for (let done = 0; done < orders; done += batch) {
      const tables = emptyTables()
      const size = Math.min(batch, orders - done)
      for (let n = done; n < done + size; n += 1) {
        const at = from + Math.floor(((days - 1) * dayMs * n) / orders)
        if (n % ordersPerCustomer === 0) customerId = addCustomer(tables, new Date(at))
        addOrder(tables, log, products, customerId, n, new Date(at))
        // the previous batch is sent meanwhile
        if (n % ordersPerBreath === 0) await breathe()
      }
      const lines = log.take()
      await writing
      writing = Promise.all(names.map((name) => write(of(name), tables[name] ?? {}))).then(() => {
        log.append(lines)
        onProgress(done + size)
      })
      writing.catch(() => {})
    }
    await writing
    for (const client of clients.values()) await client.query('analyze')
  } finally {
    await Promise.all([...clients.values()].map((client) => client.end()))
  }
}

const consumers = manifests.filter((service) => service.database && subscribes(service))

const emptyTables = (): Tables => {
  const inboxes = Object.fromEntries(consumers.map(({ name }) => [name, { inbox: [] }]))
  return {
    ...inboxes,
    users: { users: [], ...inboxes.users },
    catalog: { reservations: [], stock_movements: [], ...inboxes.catalog },
    orders: { orders: [], order_history: [], ...inboxes.orders },
    payments: { payments: [], ledger_entries: [], ...inboxes.payments },
    notifications: { contacts: [], mails: [], ...inboxes.notifications },
  }
}

/** Marks an event as received by every consumer. */
function receive(tables: Tables, topic: string, at: Date): void {
  for (const { name, subscribesTo = [] } of consumers)
    if (subscribesTo.some((event) => event.topic === topic))
      put(tables[name]?.inbox, { event_id: uuid({ msecs: at.getTime() }), processed_at: at })
}

const put = (rows: Row[] | undefined, ...more: Row[]): void => {
  rows?.push(...more)
}

function addCustomer(tables: Tables, at: Date): string {
  const { users, notifications } = tables
  const userId = uuid({ msecs: at.getTime() })
  const email = `${userId}@history.example`
  const name = 'Customer of the Past'
  const preferences = { order_updates: true, payment_updates: true, marketing: false }
  const user = { user_id: userId, email, name, version: 1 }
  put(users.users, { ...user, ...preferences, role: 'customer', registered_at: at })
  const kept = { orderUpdates: true, paymentUpdates: true, marketing: false }
  put(notifications.contacts, { ...user, preferences: kept })
  receive(tables, userEvents.registered.topic, at)
  return userId
}

function addOrder(
  tables: Tables,
  log: ProviderLog,
  products: readonly Product[],
  customerId: string,
  n: number,
  at: Date,
): void {
  const id = uuid({ msecs: at.getTime() })
  const key = `${keyPrefix}${id}`
  const bought = [products[n % products.length], products[(n * 7 + 1) % products.length]]
  const goods = [...new Set(bought)].filter((one) => one !== undefined)
  const lines = goods.map(({ sku }, index) => ({ sku, quantity: 1 + ((n + index) % 3) }))
  const total = lines.reduce(
    (sum, { quantity }, index) => sum + quantity * (goods[index]?.price ?? 0),
    0,
  )
  const course = courseOf(n)
  const card = course === 'declined' ? 'card_declined' : 'card_approved'
  const history: Row[] = []
  const events: OutboxMessage[] = []
  let order: Order | undefined

  function step(change: Change, seconds: number): Order {
    const when = new Date(at.getTime() + seconds * 1000)
    const first = change.order.version - change.entries.length + 1
    order = { ...change.order, updatedAt: when }
    for (const [index, { status, step: name, detail }] of change.entries.entries())
      history.push({
        order_id: id,
        version: first + index,
        status,
        step: name,
        detail: detail ?? null,
        actor: 'service',
        at: when,
      })
    events.push(...change.events)
    return order
  }

  const request = {
    lines,
    shipTo: {
      name: 'Customer of the Past',
      street: 'Harbour Road 1',
      postalCode: '20457',
      city: 'Hamburg',
      country: 'DE',
    },
    card,
    cartId: id,
  } as Parameters<typeof place>[2]
  let now = step(place(id, customerId, request, at, new Date(at.getTime() + 60_000)), 0)
  const priced = lines.map((line, index) => ({
    ...line,
    name: goods[index]?.name ?? line.sku,
    unitPrice: euro(goods[index]?.price ?? 0),
  }))
  now = step(reserved(now, { outcome: 'reserved', lines: priced, total: euro(total) }), 1)
  if (course === 'given up') {
    now = step(cancel(now, 'customer-request'), 2)
    now = step(returned(now, { outcome: 'refunded' }), 3)
    now = step(released(now), 3)
  } else if (course === 'declined') {
    now = step(charged(now, { outcome: 'declined', code: 'insufficient-funds' }), 2)
    now = step(released(now), 3)
  } else {
    now = step(charged(now, { outcome: 'charged' }), 2)
    if (course === 'delivered') {
      now = step(ship(now, new Date(at.getTime() + 4e6)), 4_000)
      now = step(deliver(now, new Date(at.getTime() + 5e6)), 5_000)
    } else if (course === 'refunded') {
      now = step(requestRefund(now, 'customer'), 4_000)
      now = step(returned(now, { outcome: 'refunded' }), 4_001)
      now = step(goodsReturned(now), 4_002)
    }
  }

  put(tables.orders.orders, toRow(now, key))
  put(tables.orders.order_history, ...history)
  addReservation(tables, now, priced, at)
  addPayment(tables, log, now, at)
  addEvents(tables, now, events, at)
}

type Course = 'delivered' | 'confirmed' | 'declined' | 'given up' | 'refunded'

/** Of 20 orders, 13 are delivered. */
function courseOf(n: number): Course {
  const of20 = (n * 7) % 20
  if (of20 < 13) return 'delivered'
  if (of20 < 15) return 'confirmed'
  if (of20 < 17) return 'declined'
  return of20 < 18 ? 'given up' : 'refunded'
}

const toRow = (order: Order, key: string): Row => ({
  id: order.id,
  customer_id: order.customerId,
  idempotency_key: key,
  request_hash: key,
  version: order.version,
  status: order.status,
  reservation: order.reservation,
  charge: order.charge,
  reason: order.reason ?? null,
  purchase: order.purchase ?? null,
  lines: order.lines,
  ship_to: order.shipTo,
  card: order.card,
  total: order.total?.amount ?? null,
  refunded_total: order.refundedTotal.amount,
  refunds: order.refunds,
  currency: 'EUR',
  attempts: 0,
  shipped_at: order.shippedAt ?? null,
  delivered_at: order.deliveredAt ?? null,
  deadline_at: order.deadlineAt,
  placed_at: order.placedAt,
  updated_at: order.updatedAt,
})

function addReservation({ catalog }: Tables, order: Order, priced: Order['lines'], at: Date) {
  const lines = priced
    .map(({ unitPrice, ...line }) => ({ ...line, price: unitPrice?.amount ?? 0 }))
    .sort((one, other) => (one.sku < other.sku ? -1 : 1))
  const status =
    order.reservation === 'held'
      ? 'sold'
      : order.reservation === 'returned'
        ? 'returned'
        : 'released'
  const total = order.total?.amount ?? null
  put(catalog.reservations, { order_id: order.id, status, lines, total, at, changed_at: at })
  for (const { sku, quantity } of lines) {
    const move = { sku, order_id: order.id, at, on_hand: 0, reserved: 0, sold: 0 }
    const out = { ...move, kind: 'reserved', on_hand: -quantity, reserved: quantity }
    put(catalog.stock_movements, out)
    if (status === 'released')
      put(catalog.stock_movements, {
        ...move,
        kind: 'released',
        on_hand: quantity,
        reserved: -quantity,
      })
    else
      put(catalog.stock_movements, { ...move, kind: 'sold', reserved: -quantity, sold: quantity })
    if (status === 'returned')
      put(catalog.stock_movements, {
        ...move,
        kind: 'returned',
        on_hand: quantity,
        sold: -quantity,
      })
    if (status !== 'sold') continue
    // the goods are purchased first, so the current stock is unchanged
    const bought = { ...move, order_id: null, kind: 'adjusted', on_hand: quantity }
    put(catalog.stock_movements, { ...bought, reason: 'history' })
  }
}

function addPayment({ payments }: Tables, log: ProviderLog, order: Order, at: Date): void {
  const { id, customerId, card, charge } = order
  const amount = order.total?.amount ?? 0
  const base = {
    order_id: id,
    payment_id: uuid({ msecs: at.getTime() }),
    customer_id: customerId,
    amount,
    currency: 'EUR',
    card,
    refunds: [],
    created_at: at,
    updated_at: at,
  }
  const asked = { amount, currency: 'EUR', card, reference: id }
  const chargeId = `ch_${id}`
  if (charge === 'declined') {
    log.add(
      { effect: 'declined', key: id, charge: chargeId, ...asked, code: 'insufficient-funds' },
      at,
    )
    put(payments.payments, {
      ...base,
      version: 1,
      status: 'declined',
      decline_code: 'insufficient-funds',
    })
    return
  }
  log.add({ effect: 'captured', key: id, charge: chargeId, ...asked }, at)
  addMovement(payments.ledger_entries, id, amount, at, 'charge')
  const paid = { ...base, provider_reference: chargeId }
  if (charge === 'charged') {
    put(payments.payments, { ...paid, version: 1, status: 'charged' })
    return
  }
  const refundId = uuid({ msecs: at.getTime() })
  const refund = `re_${id}`
  log.add(
    { effect: 'refunded', key: refundId, refund, charge: chargeId, amount, currency: 'EUR' },
    at,
  )
  addMovement(payments.ledger_entries, id, amount, at, 'refund')
  put(payments.payments, {
    ...paid,
    version: 3,
    status: 'refunded',
    refund_id: refundId,
    refund_reference: refund,
    reason: 'customer-request',
  })
}

function addMovement(
  rows: Row[] | undefined,
  orderId: string,
  amount: number,
  at: Date,
  kind: 'charge' | 'refund',
): void {
  const movement = {
    movement_id: uuid({ msecs: at.getTime() }),
    order_id: orderId,
    kind,
    amount,
    currency: 'EUR',
    recorded_at: at,
  }
  const [debit, credit] =
    kind === 'charge' ? ['provider-clearing', 'revenue'] : ['refunds', 'provider-clearing']
  put(rows, { ...movement, line: 0, account: debit, side: 'debit' })
  put(rows, { ...movement, line: 1, account: credit, side: 'credit' })
}

/**
 * Adds the inbox rows of each consumer and the mails. Sent mails are no longer in the mail catcher.
 */
function addEvents(tables: Tables, order: Order, events: readonly OutboxMessage[], at: Date): void {
  const { notifications } = tables
  const mail = (kind: string, event: unknown, status: 'sent' | 'recorded') =>
    put(notifications.mails, {
      id: uuid({ msecs: at.getTime() }),
      customer_id: order.customerId,
      order_id: order.id,
      kind,
      event,
      status,
      recipient: status === 'sent' ? `${order.customerId}@history.example` : null,
      attempts: status === 'sent' ? 1 : 0,
      attempts_allowed: 5,
      due_at: at,
      claimed_at: status === 'sent' ? at : null,
      sent_at: status === 'sent' ? at : null,
      created_at: at,
    })
  for (const { topic, data } of events) {
    const kind = topic.replace(/^orders-(.*)-v\d+$/, '$1')
    receive(tables, topic, at)
    mail(kind, data, 'sent')
  }
  const head = { orderId: order.id, customerId: order.customerId, amount: order.total }
  const paid =
    order.charge === 'declined'
      ? [paymentEvents.declined]
      : [paymentEvents.charged, ...(order.charge === 'returned' ? [paymentEvents.refunded] : [])]
  for (const { topic } of paid) {
    receive(tables, topic, at)
    mail(topic.replace(/^payments-(.*)-v\d+$/, 'payment-$1'), head, 'recorded')
  }
}

/** One transaction; the stock rows follow from the movements. */
async function write(client: pg.Client, tables: Record<string, Row[]>): Promise<void> {
  await client.query('begin')
  for (const [table, rows] of Object.entries(tables)) await copyInto(client, table, rows)
  const sold = new Map<string, number>()
  for (const move of tables.stock_movements ?? [])
    sold.set(String(move.sku), (sold.get(String(move.sku)) ?? 0) + Number(move.sold))
  if (sold.size > 0)
    await client.query(
      `update stock set sold = stock.sold + moved.sold
        from unnest($1::text[], $2::int[]) as moved (sku, sold) where moved.sku = stock.sku`,
      [[...sold.keys()], [...sold.values()]],
    )
  await client.query('commit')
}

type ProviderLog = {
  add(effect: Row, at: Date): void
  /** Returns the lines appended since the last call. */
  take(): string
  append(lines: string): void
}

function openLog(path: string): ProviderLog {
  mkdirSync(dirname(path), { recursive: true })
  appendFileSync(path, '', { mode: 0o600 })
  let n = countLines(path)
  let lines: string[] = []
  return {
    add(effect, at) {
      n += 1
      lines.push(`${JSON.stringify({ n, at: at.toISOString(), ...effect })}\n`)
    },
    take() {
      const taken = lines.join('')
      lines = []
      return taken
    },
    append: (text) => appendFileSync(path, text),
  }
}

function countLines(path: string): number {
  const file = openSync(path, 'r')
  const buffer = Buffer.alloc(1 << 20)
  let count = 0
  try {
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer))
      for (let at = 0; at < read; at += 1) if (buffer[at] === 0x0a) count += 1
  } finally {
    closeSync(file)
  }
  return count
}
