import type { OutboxMessage } from '@sidecart/chassis/contract/event.ts'
import { euro, type Money } from '@sidecart/chassis/contract/money.ts'
import { Fault, refused } from '@sidecart/chassis/core/errors.ts'
import {
  type ChargeOutcome,
  type ChargeRequest,
  type LedgerEntry,
  type PartialRefundOutcome,
  paymentEvents,
  type RefundOutcome,
} from './contract.ts'

export type RefusalCode = 'charge-mismatch' | 'refund-mismatch'

type Head = { orderId: string; paymentId: string; version: number }
type Asked = Head & ChargeRequest
type Taken = Asked & { providerReference: string; refunds: readonly Refund[] }
type Returning = Taken & { refundId: string; reason: string }

/**
 * A partial refund: `asked` of the provider with unknown outcome, `done`, or `refused`. A refund of the whole rest is
 * not in this list: the payment itself becomes `refunded`.
 */
export type Refund = {
  id: string
  amount: number
  status: 'asked' | 'done' | 'refused'
  reason: string
  /** The provider's reference, once done. */
  reference?: string
}

/** Requested from the provider, outcome unknown. */
export type Pending = Asked & { status: 'pending' }
export type Charged = Taken & { status: 'charged' }
type Declined = Asked & { status: 'declined'; code: string }
/** The refund is requested from the provider, outcome unknown. */
export type Refunding = Returning & { status: 'refunding' }
type Refunded = Returning & { status: 'refunded'; refundReference: string }
/** Refunded before any charge: a tombstone against a late charge. */
export type Voided = Head & { status: 'voided'; reason: string }

/** State of the money of an order. Every order has exactly one payment. */
export type Payment = Pending | Charged | Declined | Refunding | Refunded | Voided

/** The provider's decision on a charge. An uncertain result is a fault, not an answer. */
export type ProviderAnswer =
  | { outcome: 'captured'; reference: string }
  | { outcome: 'declined'; code: string }

type Posting = Pick<LedgerEntry, 'account' | 'side' | 'amount'>
/** A movement in the ledger, with equal debits and credits. */
export type Movement = {
  id: string
  orderId: string
  kind: 'charge' | 'refund'
  postings: Posting[]
}

/** A change of a payment, relative to the state read, with the movement and events to store in the same transaction. */
export type Change = {
  from: Pick<Payment, 'status' | 'version'>
  payment: Payment
  movement?: Movement
  events: OutboxMessage[]
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

/** @throws Refusal `charge-mismatch` when the order was charged for another customer, amount or card */
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
    const event = paymentEvents.declined({ ...eventData(declined), code: answer.code })
    return { from: payment, payment: declined, events: [event] }
  }
  const charged: Charged = {
    ...payment,
    status: 'charged',
    version,
    providerReference: answer.reference,
    refunds: [],
  }
  return {
    from: payment,
    payment: charged,
    movement: {
      id: charged.paymentId,
      orderId: charged.orderId,
      kind: 'charge',
      postings: sale(charged.amount),
    },
    events: [paymentEvents.charged(eventData(charged))],
  }
}

export const refundStarted = (payment: Charged, refundId: string, reason: string): Change => ({
  from: payment,
  payment: { ...payment, status: 'refunding', refundId, reason },
  events: [],
})

/** Returns the sum of completed partial refunds, in minor units. */
export const refundedInParts = ({ refunds }: Taken): number =>
  refunds.reduce((sum, { status, amount }) => sum + (status === 'done' ? amount : 0), 0)

/** Returns the amount neither refunded nor requested, in minor units. */
const refundable = ({ amount, refunds }: Taken): number =>
  amount.amount -
  refunds.reduce((sum, { status, amount: part }) => sum + (status === 'refused' ? 0 : part), 0)

/** Returns the amount of a refund of the whole rest. */
export const whatIsLeft = (payment: Taken): Money => ({
  ...payment.amount,
  amount: payment.amount.amount - refundedInParts(payment),
})

export type WantedRefund = { id: string; amount: Money; reason: string }

/**
 * Starts a partial refund.
 *
 * @returns `undefined` when less than the wanted amount is left
 */
export function partStarted(payment: Charged, wanted: WantedRefund): Change | undefined {
  if (wanted.amount.amount > refundable(payment)) return undefined
  const { id, reason } = wanted
  const part: Refund = { id, amount: wanted.amount.amount, status: 'asked', reason }
  return { from: payment, payment: withParts(payment, [...payment.refunds, part]), events: [] }
}

/** Records a partial refund by the provider. The one that leaves nothing makes the payment `refunded`. */
export function partDone(payment: Charged, part: Refund, reference: string): Change {
  const others = payment.refunds.filter(({ id }) => id !== part.id)
  const open = withParts(payment, others)
  if (part.amount === whatIsLeft(open).amount) {
    const { id: refundId, reason } = part
    const last: Refunding = { ...open, status: 'refunding', refundId, reason }
    return { ...refundDone({ ...last, version: payment.version }, reference), from: payment }
  }
  const after = withParts(payment, [...others, { ...part, status: 'done', reference }])
  return {
    from: payment,
    payment: after,
    movement: returnOf(after, part.id, euro(part.amount)),
    events: [paymentEvents.refunded(refundData(after, part.id, euro(part.amount)))],
  }
}

/** Records that the provider refuses this part: more was refunded at the provider than recorded here. */
export const partRefused = (payment: Charged, part: Refund): Change => ({
  from: payment,
  payment: withParts(
    payment,
    payment.refunds.map((one) => (one.id === part.id ? { ...one, status: 'refused' } : one)),
  ),
  events: [],
})

/** Records a refund made at the provider, not by this service. */
export function refundFound<P extends Charged | Refunding>(
  payment: P,
  found: WantedRefund & { reference: string },
): Change {
  const { id, reason, reference } = found
  const part: Refund = { id, amount: found.amount.amount, status: 'done', reason, reference }
  if (part.amount < whatIsLeft(payment).amount) {
    const after = withParts(payment, [...payment.refunds, part])
    return {
      from: payment,
      payment: after,
      movement: returnOf(after, id, found.amount),
      events: [paymentEvents.refunded(refundData(after, id, found.amount))],
    }
  }
  return {
    ...refundDone({ ...payment, status: 'refunding', refundId: id, reason }, reference),
    from: payment,
  }
}

/**
 * Returns the provider's refunds missing from the ledger, except refunds with an id of this service, whose recording
 * is under way.
 */
export const notKnown = (
  payment: Charged | Refunding,
  found: readonly ProviderRefund[],
): ProviderRefund[] => {
  const ids = new Set(payment.refunds.flatMap(({ id, reference }) => [id, reference ?? id]))
  const own = payment.status === 'refunding' ? payment.refundId : undefined
  return found.filter(
    ({ reference, ourId }) => !ids.has(reference) && !(ourId && (ids.has(ourId) || ourId === own)),
  )
}

/** A refund in the provider's list. `ourId` is the id given by this service. */
export type ProviderRefund = { reference: string; amount: Money; ourId?: string | undefined }

const withParts = <P extends Charged | Refunding>(payment: P, refunds: readonly Refund[]): P => ({
  ...payment,
  refunds,
  version: payment.version + 1,
})

const returnOf = ({ orderId }: Taken, id: string, amount: Money): Movement => ({
  id,
  orderId,
  kind: 'refund',
  postings: giveBack(amount),
})

const refundData = (payment: Taken, refundId: string, amount: Money) => ({
  ...eventData(payment),
  amount,
  refundId,
  refundedTotal: euro(refundedInParts(payment)),
})

/** Records the refund of the whole rest. */
export function refundDone(payment: Refunding, refundReference: string): Change {
  const amount = whatIsLeft(payment)
  const refunded: Refunded = {
    ...payment,
    status: 'refunded',
    version: payment.version + 1,
    refundReference,
  }
  return {
    from: payment,
    payment: refunded,
    movement: returnOf(refunded, refunded.refundId, amount),
    events: [
      paymentEvents.refunded({
        ...refundData(refunded, refunded.refundId, amount),
        refundedTotal: payment.amount,
      }),
    ],
  }
}

/**
 * Returns the outcome of a charge. A refunded or refunding payment declines a late charge, like a tombstone: the
 * order has no money.
 *
 * @throws Fault while the outcome is unknown
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

/** @throws Fault while the outcome is unknown */
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

/** @throws Fault while the outcome is unknown */
export function partOutcome(payment: Payment, wanted: WantedRefund): PartialRefundOutcome {
  if (payment.status === 'pending')
    throw new Fault('provider-unavailable', `The charge for ${payment.orderId} is not known yet.`)
  if (!('refunds' in payment)) return { outcome: 'refused', code: 'nothing-to-refund' }
  const refundedTotal =
    payment.status === 'refunded' ? payment.amount : euro(refundedInParts(payment))
  const isLast = payment.status === 'refunded' && payment.refundId === wanted.id
  const part = payment.refunds.find(({ id }) => id === wanted.id)
  if (isLast || part?.status === 'done') return { outcome: 'refunded', refundedTotal }
  if (part?.status === 'asked' && payment.status === 'charged')
    throw new Fault('provider-unavailable', `Refund ${wanted.id} is not known yet.`)
  return { outcome: 'refused', code: 'more-than-left' }
}

/** @throws Refusal `refund-mismatch` when this refund was requested with another amount before */
export function mustBeSamePart(part: Refund, wanted: WantedRefund): void {
  if (part.amount !== wanted.amount.amount)
    throw refused(
      'refund-mismatch',
      `Refund ${wanted.id} was asked for with another amount before.`,
    )
}

/** Postings of a sale: the customer owes the shop, and pays through the provider, which now owes the shop. */
const sale = (amount: Money): Posting[] => [
  { account: 'customer-receivable', side: 'debit', amount },
  { account: 'revenue', side: 'credit', amount },
  { account: 'provider-clearing', side: 'debit', amount },
  { account: 'customer-receivable', side: 'credit', amount },
]

/**
 * Postings of a refund: the shop owes the customer, and pays through the provider. Revenue stays unchanged; refunds
 * have an account of their own.
 */
const giveBack = (amount: Money): Posting[] => [
  { account: 'refunds', side: 'debit', amount },
  { account: 'customer-receivable', side: 'credit', amount },
  { account: 'customer-receivable', side: 'debit', amount },
  { account: 'provider-clearing', side: 'credit', amount },
]

const eventData = ({ paymentId, orderId, customerId, amount, version }: Asked) => ({
  paymentId,
  orderId,
  customerId,
  amount,
  version,
})
