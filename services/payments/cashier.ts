import type { ChargeOutcome, ChargeRequest, RefundOutcome } from './contract.ts'
import {
  type Charged,
  chargeOutcome,
  mustBeSame,
  type Payment,
  type Pending,
  pending,
  type Refunding,
  refundDone,
  refundOutcome,
  refundStarted,
  settled,
  voided,
} from './domain.ts'
import type { Payments, Provider } from './ports.ts'

export type Cashier = {
  charge(orderId: string, asked: ChargeRequest): Promise<ChargeOutcome>
  refund(orderId: string, reason: string): Promise<RefundOutcome>
}

/**
 * Takes money and gives it back. What is going to be asked of the provider is committed before it is asked, the
 * key is always the order's, and no transaction is open meanwhile: so a crash at any point is healed by being
 * asked again, and two requests at the same time come to one answer.
 */
export function createCashier(ports: {
  payments: Payments
  provider: Provider
  newId: () => string
}): Cashier {
  const { payments, provider, newId } = ports

  async function charge(orderId: string, asked: ChargeRequest): Promise<ChargeOutcome> {
    const payment = await payments.open(pending(newId(), orderId, asked))
    mustBeSame(payment, asked)
    return chargeOutcome(await known(payment))
  }

  async function refund(orderId: string, reason: string): Promise<RefundOutcome> {
    let payment = await known(await payments.open(voided(newId(), orderId, reason)))
    if (payment.status === 'charged') payment = await start(payment, reason)
    if (payment.status === 'refunding') payment = await giveBack(payment)
    return refundOutcome(payment)
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
    const { orderId, providerReference, amount } = payment
    const reference = await provider.refund(`refund-${orderId}`, {
      charge: providerReference,
      amount,
    })
    return payments.save(refundDone(payment, reference))
  }

  return { charge, refund }
}
