import type { Identity } from '../../chassis/authentication.ts'
import type { Money } from '../../chassis/money.ts'
import type { PaymentView } from './contract.ts'
import type { Change, Payment, ProviderAnswer } from './domain.ts'

export type Payments = {
  /** Stores the order's first payment; when there is one already, answers that instead. */
  open(first: Payment): Promise<Payment>
  /** Stores a change with its movement and facts; when another was faster, answers what that one stored. */
  save(change: Change): Promise<Payment>
  /** The payment of an order as this viewer may see it: the owner's, or with the books for an operator. */
  find(orderId: string, viewer: Identity): Promise<PaymentView | undefined>
}

/** Whoever moves the money. Asked again with the same key it gives the same answer. */
export type Provider = {
  /** @throws Fault `provider-unavailable` when it is not known whether the money was taken */
  charge(
    key: string,
    charge: { amount: Money; card: string; reference: string },
  ): Promise<ProviderAnswer>
  /**
   * Answers the provider's reference of the refund.
   * @throws Fault `provider-unavailable` when it is not known whether the money went back
   */
  refund(key: string, refund: { charge: string; amount: Money }): Promise<string>
}
