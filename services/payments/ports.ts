import type { Money } from '@sidecart/chassis/contract/money.ts'
import type { Identity } from '@sidecart/chassis/http/authentication.ts'
import type { PaymentView } from './contract.ts'
import type { Change, Payment, ProviderAnswer, ProviderRefund } from './domain.ts'

export type PaymentRepository = {
  /** Stores the order's first payment, or returns the existing one. */
  open(first: Payment): Promise<Payment>
  /** Returns the payment of an order, without checking the owner. */
  current(orderId: string): Promise<Payment | undefined>
  /**
   * Stores a change with the movement and events; after a concurrent change, returns the payment stored by the other.
   */
  save(change: Change): Promise<Payment>
  /** Returns the payment of an order as visible to the viewer: for the owner, or with the ledger for an operator. */
  find(orderId: string, viewer: Identity): Promise<PaymentView | undefined>
}

/** The payment provider. A repeated request with the same key gets the same answer. */
export type Provider = {
  /** @throws Fault `provider-unavailable` when the outcome is unknown */
  charge(
    key: string,
    charge: { amount: Money; card: string; reference: string },
  ): Promise<ProviderAnswer>
  /** @throws Fault `provider-unavailable` when the outcome is unknown */
  refund(
    key: string,
    refund: { charge: string; amount: Money; ourId: string },
  ): Promise<{ outcome: 'refunded'; reference: string } | { outcome: 'more-than-captured' }>
  /**
   * Returns all refunds of a charge, also refunds not requested by this service. @throws Fault `provider-unavailable`
   */
  refundsOf(charge: string): Promise<ProviderRefund[]>
}
