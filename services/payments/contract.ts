import {
  body,
  createRoute,
  defineEvent,
  json,
  Money,
  PositiveMoney,
  z,
} from '@sidecart/chassis/contract/openapi.ts'
import { line } from '@sidecart/chassis/contract/text.ts'

const OrderId = z.uuid()
const CustomerId = z.uuid()

/** A card token of the provider, never a card number. */
export const Card = z
  .string()
  .max(64)
  .regex(/^card_[a-z_]+$/, 'Send a card token, such as card_approved; never a number.')
  .openapi('Card', { example: 'card_approved' })
export type Card = z.infer<typeof Card>

/** Reason of a decline: the provider's code (`insufficient-funds`, `unknown-card` …) or `voided`. */
const DeclineCode = z
  .string()
  .min(1)
  .max(64)
  .openapi('DeclineCode', { example: 'insufficient-funds' })

export const ChargeRequest = z
  .strictObject({ customerId: CustomerId, amount: PositiveMoney, card: Card })
  .openapi('ChargeRequest')
export type ChargeRequest = z.infer<typeof ChargeRequest>

export const ChargeOutcome = z
  .discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('charged'), paymentId: z.uuid() }),
    z.object({ outcome: z.literal('declined'), code: DeclineCode }),
  ])
  .openapi('ChargeOutcome')
export type ChargeOutcome = z.infer<typeof ChargeOutcome>

const RefundRequest = z.strictObject({ reason: line(200) }).openapi('RefundRequest')

export const RefundOutcome = z
  .discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('refunded'), amount: Money }),
    z.object({ outcome: z.literal('nothing-to-refund') }),
  ])
  .openapi('RefundOutcome')
export type RefundOutcome = z.infer<typeof RefundOutcome>

const PartialRefundRequest = z
  .strictObject({ amount: PositiveMoney, reason: line(200) })
  .openapi('PartialRefundRequest')

export const PartialRefundOutcome = z
  .discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('refunded'), refundedTotal: Money }),
    z.object({ outcome: z.literal('refused'), code: z.string().min(1).max(64) }),
  ])
  .openapi('PartialRefundOutcome')
export type PartialRefundOutcome = z.infer<typeof PartialRefundOutcome>

export const PaymentStatus = z
  .enum(['pending', 'charged', 'declined', 'refunding', 'refunded', 'voided'])
  .openapi('PaymentStatus')
export type PaymentStatus = z.infer<typeof PaymentStatus>

/** One posting of a movement in the ledger: an amount on one side of an account. */
export const LedgerEntry = z
  .object({
    movementId: z.uuid(),
    kind: z.enum(['charge', 'refund']),
    account: z.enum(['customer-receivable', 'provider-clearing', 'revenue', 'refunds']),
    side: z.enum(['debit', 'credit']),
    amount: Money,
    recordedAt: z.iso.datetime(),
  })
  .openapi('LedgerEntry')
export type LedgerEntry = z.infer<typeof LedgerEntry>

export const PaymentView = z
  .object({
    paymentId: z.uuid(),
    orderId: OrderId,
    status: PaymentStatus,
    amount: Money.optional(),
    refundedTotal: Money.optional().openapi({ description: 'Absent while nothing went back' }),
    declineCode: DeclineCode.optional(),
    providerReference: z.string().optional(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    entries: z.array(LedgerEntry).optional().describe('Shown to operators.'),
  })
  .openapi('Payment')
export type PaymentView = z.infer<typeof PaymentView>

const params = z.object({ orderId: OrderId })

export const paymentsRoutes = {
  /** Safe to repeat with the same order id until there is an outcome: the money is captured at most once. */
  charge: createRoute({
    method: 'put',
    path: '/internal/charges/{orderId}',
    tags: ['payments'],
    summary: 'Take the money for an order',
    request: { params, body: body(ChargeRequest) },
    responses: { 200: json(ChargeOutcome, 'The money was taken, or never will be') },
  }),
  /** Safe to repeat with the same order id until there is an outcome. Afterwards no charge for the order succeeds. */
  refund: createRoute({
    method: 'put',
    path: '/internal/refunds/{orderId}',
    tags: ['payments'],
    summary: 'Give the money of an order back',
    request: { params, body: body(RefundRequest) },
    responses: { 200: json(RefundOutcome, 'The money is back, or was never taken') },
  }),
  /** Safe to repeat with the same ids until there is an outcome: this part is refunded at most once. */
  refundPart: createRoute({
    method: 'put',
    path: '/internal/refunds/{orderId}/parts/{refundId}',
    tags: ['payments'],
    summary: 'Give a part of the money of an order back',
    request: {
      params: z.object({ orderId: OrderId, refundId: z.uuid() }),
      body: body(PartialRefundRequest),
    },
    responses: { 200: json(PartialRefundOutcome, 'The part is back, or never will be') },
  }),
  reconcile: createRoute({
    method: 'post',
    path: '/payments/{orderId}/reconcile',
    tags: ['payments'],
    summary: 'Take refunds that were made at the provider into the ledger (operator)',
    security: [{ bearer: [] }],
    request: { params },
    responses: { 200: json(PaymentView) },
  }),
  payment: createRoute({
    method: 'get',
    path: '/payments/{orderId}',
    tags: ['payments'],
    summary: 'See the payment of an order',
    security: [{ bearer: [] }],
    request: { params },
    responses: { 200: json(PaymentView) },
  }),
}

const paid = {
  paymentId: z.uuid(),
  orderId: OrderId,
  customerId: CustomerId,
  amount: Money,
  version: z.int().min(1),
}

export const paymentEvents = {
  charged: defineEvent('payments-charged-v1', z.object(paid), 'orderId'),
  declined: defineEvent(
    'payments-declined-v1',
    z.object({ ...paid, code: DeclineCode }),
    'orderId',
  ),
  /** A refund: `amount` now, `refundedTotal` so far (if missing, `amount` is the total). */
  refunded: defineEvent(
    'payments-refunded-v1',
    z.object({ ...paid, refundId: z.uuid().optional(), refundedTotal: Money.optional() }),
    'orderId',
  ),
}
