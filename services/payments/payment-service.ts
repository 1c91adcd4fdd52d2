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
  /** Gives a part back, once per id. @throws Refusal `refund-mismatch` */
  refundPart(orderId: string, wanted: WantedRefund): Promise<PartialRefundOutcome>
  /** Takes refunds that were made at the provider into the books. Nothing to do without a payment. */
  reconcile(orderId: string): Promise<void>
}

const askedPart = ({ refunds }: Charged) => refunds.find(({ status }) => status === 'asked')

/** Tries to change a payment that others change at the same time. */
const mostTries = 10

/**
 * Takes money and gives it back. What is going to be asked of the provider is committed before it is asked, the
 * key is always the order's, and no transaction is open meanwhile: so a crash at any point is healed by being
 * asked again, and two requests at the same time come to one answer.
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

  /** Parts whose outcome is not known are asked again, so that what is left is known. */
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

  /** Takes into the books what went back at the provider without us. Of two who do this at once one does it. */
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

  /** A charge whose outcome is not known is asked again, never guessed. */
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
    // another amount is another request: the provider remembers what a key was for
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
