import { euro } from '@sidecart/chassis/contract/money.ts'
import {
  type Database,
  isStale,
  type Tx,
  versionFrom,
} from '@sidecart/chassis/persistence/database.ts'
import { deferred } from '@sidecart/chassis/persistence/pipelined-client.ts'
import { insertion } from '@sidecart/chassis/persistence/statement.ts'
import { type ColumnType, type Generated, type Selectable, sql } from 'kysely'
import type { LedgerEntry, PaymentStatus, PaymentView } from './contract.ts'
import { type Movement, type Payment, type Refund, refundedInParts } from './domain.ts'
import type { PaymentRepository } from './ports.ts'

export type PaymentsTables = {
  payments: {
    order_id: string
    payment_id: string
    version: number
    status: PaymentStatus
    customer_id: string | null
    amount: number | null
    currency: 'EUR' | null
    card: string | null
    decline_code: string | null
    provider_reference: string | null
    refund_id: string | null
    refund_reference: string | null
    reason: string | null
    /** Partial refunds; the refund of the rest is in the columns. */
    refunds: ColumnType<Refund[], string | undefined, string>
    created_at: Generated<Date>
    updated_at: Generated<Date>
  }
  ledger_entries: {
    movement_id: string
    line: number
    order_id: string
    kind: LedgerEntry['kind']
    account: LedgerEntry['account']
    side: LedgerEntry['side']
    amount: number
    currency: 'EUR'
    recorded_at: Generated<Date>
  }
}

type PaymentRow = Selectable<PaymentsTables['payments']>
type EntryRow = Selectable<PaymentsTables['ledger_entries']>

export function createPaymentRepository(database: Database<PaymentsTables>): PaymentRepository {
  const { rows } = database

  const byOrder = (orderId: string) =>
    rows.selectFrom('payments').selectAll().where('order_id', '=', orderId)

  async function current(orderId: string): Promise<Payment> {
    return toPayment(await byOrder(orderId).executeTakeFirstOrThrow())
  }

  async function find(orderId: string): Promise<Payment | undefined> {
    const row = await byOrder(orderId).executeTakeFirst()
    return row && toPayment(row)
  }

  return {
    current: find,

    async open(first) {
      const opened = await rows
        .insertInto('payments')
        .values({ payment_id: first.paymentId, order_id: first.orderId, ...columns(first) })
        .onConflict((conflict) => conflict.column('order_id').doNothing())
        .executeTakeFirst()
      return opened.numInsertedOrUpdatedRows === 1n ? first : current(first.orderId)
    },

    async save({ from, payment, movement, events }) {
      const saving = database.inTransaction(async (tx) => {
        await tx.rows
          .updateTable('payments')
          .set({
            ...columns(payment),
            version: versionFrom(from.version, payment.version),
            updated_at: sql`now()`,
          })
          .where('order_id', '=', payment.orderId)
          .modifyEnd(deferred)
          .execute()
        if (movement) await record(tx, movement)
        tx.emit(...events)
      })
      try {
        await saving
        return payment
      } catch (error) {
        if (isStale(error)) return current(payment.orderId)
        throw error
      }
    },

    async find(orderId, { userId, role }) {
      const operator = role === 'operator'
      const row = await byOrder(orderId)
        .$if(!operator, (query) => query.where('customer_id', '=', userId))
        .executeTakeFirst()
      if (!row) return undefined
      return { ...toView(row), ...(operator && { entries: await entriesOf(orderId) }) }
    },
  }

  async function entriesOf(orderId: string): Promise<LedgerEntry[]> {
    const entries = await rows
      .selectFrom('ledger_entries')
      .selectAll()
      .where('order_id', '=', orderId)
      .orderBy('recorded_at')
      .orderBy('movement_id')
      .orderBy('line')
      .execute()
    return entries.map(toEntry)
  }
}

async function record({ rows }: Tx<PaymentsTables>, movement: Movement): Promise<void> {
  const { id, orderId, kind, postings } = movement
  const entries = postings.map(({ account, side, amount: { amount, currency } }, line) => ({
    movement_id: id,
    line,
    order_id: orderId,
    kind,
    account,
    side,
    amount,
    currency,
  }))
  await insertEntries(rows, entries)
}

const insertEntries = insertion<PaymentsTables>()('ledger_entries', [
  'movement_id',
  'line',
  'order_id',
  'kind',
  'account',
  'side',
  'amount',
  'currency',
])

function columns(payment: Payment) {
  const { status, version } = payment
  if (payment.status === 'voided') return { status, version, reason: payment.reason }
  return {
    status,
    version,
    customer_id: payment.customerId,
    amount: payment.amount.amount,
    currency: payment.amount.currency,
    card: payment.card,
    decline_code: payment.status === 'declined' ? payment.code : null,
    provider_reference: 'providerReference' in payment ? payment.providerReference : null,
    refund_id: 'refundId' in payment ? payment.refundId : null,
    reason: 'reason' in payment ? payment.reason : null,
    refund_reference: payment.status === 'refunded' ? payment.refundReference : null,
    ...('refunds' in payment && { refunds: JSON.stringify(payment.refunds) }),
  }
}

/** Converts a row. A CHECK of the table defines the columns of each status. */
function toPayment(row: PaymentRow): Payment {
  const head = { orderId: row.order_id, paymentId: row.payment_id, version: row.version }
  if (row.status === 'voided') return { ...head, status: 'voided', reason: row.reason as string }
  const asked = {
    ...head,
    customerId: row.customer_id as string,
    amount: euro(row.amount as number),
    card: row.card as string,
  }
  if (row.status === 'pending') return { ...asked, status: 'pending' }
  if (row.status === 'declined')
    return { ...asked, status: 'declined', code: row.decline_code as string }
  const taken = {
    ...asked,
    providerReference: row.provider_reference as string,
    refunds: row.refunds,
  }
  if (row.status === 'charged') return { ...taken, status: 'charged' }
  const returning = { ...taken, refundId: row.refund_id as string, reason: row.reason as string }
  if (row.status === 'refunding') return { ...returning, status: 'refunding' }
  return { ...returning, status: 'refunded', refundReference: row.refund_reference as string }
}

function refundedTotal(row: PaymentRow): number {
  const payment = toPayment(row)
  if (payment.status === 'refunded') return payment.amount.amount
  return 'refunds' in payment ? refundedInParts(payment) : 0
}

const toView = (row: PaymentRow): PaymentView => ({
  paymentId: row.payment_id,
  orderId: row.order_id,
  status: row.status,
  ...(row.amount !== null && { amount: euro(row.amount) }),
  ...(refundedTotal(row) > 0 && { refundedTotal: euro(refundedTotal(row)) }),
  ...(row.decline_code && { declineCode: row.decline_code }),
  ...(row.provider_reference && { providerReference: row.provider_reference }),
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

const toEntry = (row: EntryRow): LedgerEntry => ({
  movementId: row.movement_id,
  kind: row.kind,
  account: row.account,
  side: row.side,
  amount: euro(row.amount),
  recordedAt: row.recorded_at.toISOString(),
})
