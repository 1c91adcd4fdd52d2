import type { Announcement } from '../../chassis/fact.ts'
import type { Money } from '../../chassis/money.ts'
import { Fault, refused } from '../../chassis/refusal.ts'
import {
  type ChargeOutcome,
  type ChargeRequest,
  type LedgerEntry,
  payments,
  type RefundOutcome,
} from './contract.ts'

export type RefusalCode = 'charge-mismatch'

type Head = { orderId: string; paymentId: string; version: number }
type Asked = Head & ChargeRequest
type Taken = Asked & { providerReference: string }
type Returning = Taken & { refundId: string; reason: string }

/** Asked of the provider, and not known to be answered. */
export type Pending = Asked & { status: 'pending' }
export type Charged = Taken & { status: 'charged' }
type Declined = Asked & { status: 'declined'; code: string }
/** The refund is asked of the provider, and not known to be done. */
export type Refunding = Returning & { status: 'refunding' }
type Refunded = Returning & { status: 'refunded'; refundReference: string }
/** Refunded before it was charged: the tombstone that a late charge meets. */
export type Voided = Head & { status: 'voided'; reason: string }

/** What an order has come to, in money. There is one for an order, whatever happens. */
export type Payment = Pending | Charged | Declined | Refunding | Refunded | Voided

/** What the provider says to a charge. Anything less certain is a fault, not an answer. */
export type ProviderAnswer =
  | { outcome: 'captured'; reference: string }
  | { outcome: 'declined'; code: string }

type Posting = Pick<LedgerEntry, 'account' | 'side' | 'amount'>
/** A movement in the books. Its debits and credits are equal. */
export type Movement = {
  id: string
  orderId: string
  kind: 'charge' | 'refund'
  postings: Posting[]
}

/** A payment that leaves status `from`, with what must be written and said together with it. */
export type Change = {
  from: Payment['status']
  payment: Payment
  movement?: Movement
  facts: Announcement[]
}

export const pending = (paymentId: string, orderId: string, asked: ChargeRequest): Pending => ({
  status: 'pending',
  orderId,
  paymentId,
  version: 0,
  ...asked,
})

export const voided = (paymentId: string, orderId: string, reason: string): Voided => ({
  status: 'voided',
  orderId,
  paymentId,
  version: 0,
  reason,
})

/** @throws Refusal `charge-mismatch` when the order was charged for something else */
export function mustBeSame(payment: Payment, asked: ChargeRequest): void {
  if (payment.status === 'voided') return
  const same =
    payment.customerId === asked.customerId &&
    payment.card === asked.card &&
    payment.amount.amount === asked.amount.amount &&
    payment.amount.currency === asked.amount.currency
  if (!same)
    throw refused(
      'charge-mismatch',
      `Order ${payment.orderId} was to be charged with another customer, amount or card.`,
    )
}

export function settled(payment: Pending, answer: ProviderAnswer): Change {
  const version = payment.version + 1
  if (answer.outcome === 'declined') {
    const declined: Declined = { ...payment, status: 'declined', version, code: answer.code }
    const fact = payments.declined({ ...said(declined), code: answer.code })
    return { from: 'pending', payment: declined, facts: [fact] }
  }
  const charged: Charged = {
    ...payment,
    status: 'charged',
    version,
    providerReference: answer.reference,
  }
  return {
    from: 'pending',
    payment: charged,
    movement: {
      id: charged.paymentId,
      orderId: charged.orderId,
      kind: 'charge',
      postings: sale(charged.amount),
    },
    facts: [payments.charged(said(charged))],
  }
}

export const refundStarted = (payment: Charged, refundId: string, reason: string): Change => ({
  from: 'charged',
  payment: { ...payment, status: 'refunding', refundId, reason },
  facts: [],
})

export function refundDone(payment: Refunding, refundReference: string): Change {
  const refunded: Refunded = {
    ...payment,
    status: 'refunded',
    version: payment.version + 1,
    refundReference,
  }
  return {
    from: 'refunding',
    payment: refunded,
    movement: {
      id: refunded.refundId,
      orderId: refunded.orderId,
      kind: 'refund',
      postings: giveBack(refunded.amount),
    },
    facts: [payments.refunded(said(refunded))],
  }
}

/**
 * A payment that was refunded, or is being, answers a late charge like a tombstone: the order has no money.
 *
 * @throws Fault when it is not known yet
 */
export function chargeOutcome(payment: Payment): ChargeOutcome {
  switch (payment.status) {
    case 'pending':
      throw new Fault('provider-unavailable', `The charge for ${payment.orderId} is not known yet.`)
    case 'charged':
      return { outcome: 'charged', paymentId: payment.paymentId }
    case 'declined':
      return { outcome: 'declined', code: payment.code }
    case 'refunding':
    case 'refunded':
    case 'voided':
      return { outcome: 'declined', code: 'voided' }
  }
}

/** @throws Fault when it is not known yet */
export function refundOutcome(payment: Payment): RefundOutcome {
  switch (payment.status) {
    case 'pending':
    case 'charged':
    case 'refunding':
      throw new Fault('provider-unavailable', `The refund for ${payment.orderId} is not known yet.`)
    case 'refunded':
      return { outcome: 'refunded', amount: payment.amount }
    case 'declined':
    case 'voided':
      return { outcome: 'nothing-to-refund' }
  }
}

/** The customer owes us, and pays what he owes through the provider, which now owes us. */
const sale = (amount: Money): Posting[] => [
  { account: 'customer-receivable', side: 'debit', amount },
  { account: 'revenue', side: 'credit', amount },
  { account: 'provider-clearing', side: 'debit', amount },
  { account: 'customer-receivable', side: 'credit', amount },
]

/** We owe the customer, and pay what we owe through the provider. Revenue stays as it was; refunds are counted apart. */
const giveBack = (amount: Money): Posting[] => [
  { account: 'refunds', side: 'debit', amount },
  { account: 'customer-receivable', side: 'credit', amount },
  { account: 'customer-receivable', side: 'debit', amount },
  { account: 'provider-clearing', side: 'credit', amount },
]

const said = ({ paymentId, orderId, customerId, amount, version }: Asked) => ({
  paymentId,
  orderId,
  customerId,
  amount,
  version,
})
