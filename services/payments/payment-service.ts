import type {
  ChargeOutcome,
  ChargeRequest,
  PartialRefundOutcome,
  RefundOutcome,
} from './contract.ts'
import {
  type Charged,
  chargeOutcome,
  mustBeSame,
  mustBeSamePart,
  notKnown,
  type Payment,
  type Pending,
  partDone,
  partOutcome,
  partRefused,
  partStarted,
  pending,
  type Refund,
  type Refunding,
  refundDone,
  refundedInParts,
  refundFound,
  refundOutcome,
  refundStarted,
  settled,
  voided,
  type WantedRefund,
  whatIsLeft,
} from './domain.ts'
import type { PaymentRepository, Provider } from './ports.ts'

export type PaymentService = {
  charge(orderId: string, asked: ChargeRequest): Promise<ChargeOutcome>
  refund(orderId: string, reason: string): Promise<RefundOutcome>
  /** Refunds a part, once per id. @throws Refusal `refund-mismatch` */
  refundPart(orderId: string, wanted: WantedRefund): Promise<PartialRefundOutcome>
  /** Records refunds made at the provider in the ledger. Without a payment does nothing. */
  reconcile(orderId: string): Promise<void>
}

const askedPart = ({ refunds }: Charged) => refunds.find(({ status }) => status === 'asked')

/** Maximum attempts to change a concurrently changing payment. */
const mostTries = 10

/**
 * Captures and refunds money. A request to the provider is committed before being sent, the key is always derived
 * from the order, and no transaction is open meanwhile. Therefore a repeated command heals a crash at any point, and
 * two concurrent requests get the same outcome.
 */
export function createPaymentService(ports: {
  payments: PaymentRepository
  provider: Provider
  newId: () => string
}): PaymentService {
  const { payments, provider, newId } = ports

  async function charge(orderId: string, asked: ChargeRequest): Promise<ChargeOutcome> {
    const payment = await payments.open(pending(newId(), orderId, asked))
    mustBeSame(payment, asked)
    return chargeOutcome(await known(payment))
  }

  async function refund(orderId: string, reason: string): Promise<RefundOutcome> {
    let payment = await known(await payments.open(voided(newId(), orderId, reason)))
    for (let n = 0; n < mostTries && payment.status === 'charged'; n += 1) {
      payment = await settleParts(payment)
      if (payment.status === 'charged' && !askedPart(payment))
        payment = await start(payment, reason)
    }
    for (let n = 0; n < mostTries && payment.status === 'refunding'; n += 1)
      payment = await giveBack(payment)
    return refundOutcome(payment)
  }

  async function refundPart(orderId: string, wanted: WantedRefund): Promise<PartialRefundOutcome> {
    const found = await payments.current(orderId)
    if (!found) return { outcome: 'refused', code: 'nothing-to-refund' }
    let payment = await known(found)
    for (let n = 0; n < mostTries && payment.status === 'charged'; n += 1) {
      const part = payment.refunds.find(({ id }) => id === wanted.id)
      if (part) {
        mustBeSamePart(part, wanted)
        if (part.status !== 'asked') break
        payment = await givePartBack(payment, part)
      } else {
        const started = partStarted(payment, wanted)
        if (!started) break
        payment = await payments.save(started)
      }
    }
    return partOutcome(payment, wanted)
  }

  async function reconcile(orderId: string): Promise<void> {
    const found = await payments.current(orderId)
    if (!found) return
    let payment = await known(found)
    if (payment.status === 'charged') payment = await settleParts(payment)
    if (payment.status === 'refunding') await giveBack(payment)
    else if (payment.status === 'charged') await takeIn(payment)
  }

  /** Repeats partial refunds with unknown outcome, so that the rest is known. */
  async function settleParts(payment: Charged): Promise<Payment> {
    let current: Payment = payment
    for (let n = 0; n < mostTries && current.status === 'charged'; n += 1) {
      const part = askedPart(current)
      if (!part) return current
      current = await givePartBack(current, part)
    }
    return current
  }

  async function givePartBack(payment: Charged, part: Refund): Promise<Payment> {
    const answer = await provider.refund(`refund-${part.id}`, {
      charge: payment.providerReference,
      amount: { ...payment.amount, amount: part.amount },
      ourId: part.id,
    })
    if (answer.outcome === 'refunded')
      return payments.save(partDone(payment, part, answer.reference))
    const after = await takeIn(payment)
    const open = after.status === 'charged' && after.refunds.find(({ id }) => id === part.id)
    return open && open.status === 'asked' ? payments.save(partRefused(after, open)) : after
  }

  /** Records refunds made at the provider, not by this service. Of two concurrent callers one succeeds. */
  async function takeIn(payment: Charged | Refunding): Promise<Payment> {
    const found = await provider.refundsOf(payment.providerReference)
    let current: Payment = payment
    for (const one of notKnown(payment, found)) {
      if (current.status !== 'charged' && current.status !== 'refunding') return current
      if (notKnown(current, [one]).length === 0) continue
      const reason = 'refunded at the provider'
      current = await payments.save(refundFound(current, { ...one, id: newId(), reason }))
    }
    return current
  }

  /** Repeats a charge with unknown outcome; the outcome is never guessed. */
  async function known(payment: Payment): Promise<Payment> {
    return payment.status === 'pending' ? settle(payment) : payment
  }

  async function settle(payment: Pending): Promise<Payment> {
    const { orderId, amount, card } = payment
    const answer = await provider.charge(orderId, { amount, card, reference: orderId })
    return payments.save(settled(payment, answer))
  }

  const start = (payment: Charged, reason: string): Promise<Payment> =>
    payments.save(refundStarted(payment, newId(), reason))

  async function giveBack(payment: Refunding): Promise<Payment> {
    const { orderId, providerReference } = payment
    // another amount is another request: the provider binds a key to its request
    const parts = refundedInParts(payment)
    const answer = await provider.refund(`refund-${orderId}${parts > 0 ? `-after-${parts}` : ''}`, {
      charge: providerReference,
      amount: whatIsLeft(payment),
      ourId: payment.refundId,
    })
    return answer.outcome === 'refunded'
      ? payments.save(refundDone(payment, answer.reference))
      : takeIn(payment)
  }

  return { charge, refund, refundPart, reconcile }
}
