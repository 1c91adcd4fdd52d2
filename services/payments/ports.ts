import type { Money } from '@sidecart/chassis/contract/money.ts'
import type { Identity } from '@sidecart/chassis/http/authentication.ts'
import type { PaymentView } from './contract.ts'
import type { Change, Payment, ProviderAnswer, ProviderRefund } from './domain.ts'

export type PaymentRepository = {
  /** Stores the order's first payment; when there is one already, answers that instead. */
  open(first: Payment): Promise<Payment>
  /** The payment of an order, anyone who asks. */
  current(orderId: string): Promise<Payment | undefined>
  /** Stores a change with its movement and events; when another was faster, answers what that one stored. */
  save(change: Change): Promise<Payment>
  /** The payment of an order as this viewer may see it: the owner's, or with the books for an operator. */
  find(orderId: string, viewer: Identity): Promise<PaymentView | undefined>
}

/** Anyone who moves the money. Asked again with the same key it gives the same answer. */
export type Provider = {
  /** @throws Fault `provider-unavailable` when it is not known whether the money was taken */
  charge(
    key: string,
    charge: { amount: Money; card: string; reference: string },
  ): Promise<ProviderAnswer>
  /** @throws Fault `provider-unavailable` when it is not known whether the money went back */
  refund(
    key: string,
    refund: { charge: string; amount: Money; ourId: string },
  ): Promise<{ outcome: 'refunded'; reference: string } | { outcome: 'more-than-captured' }>
  /** All refunds of a charge, also those that we have not asked for. @throws Fault `provider-unavailable` */
  refundsOf(charge: string): Promise<ProviderRefund[]>
}
