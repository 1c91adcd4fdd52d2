import type { CancelReason, OrderStatus, OrderView } from '@sidecart/orders/contract.ts'

type Tone = 'plain' | 'good' | 'warn' | 'bad'

const words: Record<OrderStatus, { label: string; tone: Tone }> = {
  placed: { label: 'Ordered', tone: 'plain' },
  reserved: { label: 'Reserved for you', tone: 'plain' },
  charged: { label: 'Paid', tone: 'plain' },
  confirmed: { label: 'Confirmed', tone: 'good' },
  shipped: { label: 'On its way', tone: 'good' },
  delivered: { label: 'Delivered', tone: 'good' },
  cancelling: { label: 'Being cancelled', tone: 'warn' },
  cancelled: { label: 'Cancelled', tone: 'bad' },
  refunding: { label: 'Refund under way', tone: 'warn' },
  refunded: { label: 'Refunded', tone: 'plain' },
  needs_attention: { label: 'We are looking at it', tone: 'warn' },
}

export const statusOf = (status: OrderStatus): { label: string; tone: Tone } => words[status]

/** The reason for a cancellation, as text for the customer. */
export const reasons: Record<CancelReason, string> = {
  'customer-request': 'You cancelled this order. Nothing is owed.',
  'out-of-stock': 'Somebody was faster: it is sold out. Nothing was charged.',
  'unknown-sku': 'Something in it is no longer sold. Nothing was charged.',
  discontinued: 'Something in it is no longer sold. Nothing was charged.',
  'price-changed': 'A price has changed since you saw it. Nothing was charged.',
  'card-declined': 'The bank declined the card. Nothing was charged; your cart is as it was.',
  'took-too-long': 'It took too long, so we undid it. Whatever was charged is given back.',
}

/** Stages of a successful order, as text for the customer. */
const stages = ['Ordered', 'Reserved', 'Paid', 'On its way', 'Delivered'] as const
export type Stage = { label: (typeof stages)[number]; state: 'done' | 'now' | 'ahead' }

const reached: Partial<Record<OrderStatus, number>> = {
  placed: 1,
  reserved: 2,
  charged: 3,
  confirmed: 3,
  shipped: 4,
  delivered: 5,
}

/** Returns the stages of an order, or `undefined` outside the usual stages. */
export function stagesOf(status: OrderStatus): Stage[] | undefined {
  const done = reached[status]
  if (done === undefined) return undefined
  return stages.map((label, index) => ({
    label,
    state: index < done ? 'done' : index === done ? 'now' : 'ahead',
  }))
}

const last: readonly OrderStatus[] = ['delivered', 'cancelled', 'refunded']
/** Whether the order is final. A delivered order with a return in progress is not. */
export const isOver = ({ status, goodsReturn }: OrderView): boolean =>
  last.includes(status) &&
  (status !== 'delivered' || !goodsReturn || goodsReturn.status === 'rejected')

const undecided: readonly OrderStatus[] = [
  'placed',
  'reserved',
  'charged',
  'cancelling',
  'needs_attention',
]
/** Whether the outcome (bought or not) is visible to the customer. */
export const isDecided = (status: OrderStatus): boolean => !undecided.includes(status)

/** Before the charge an order can be cancelled, afterwards refunded. */
export const canCancel = (status: OrderStatus): boolean =>
  status === 'placed' || status === 'reserved'
/** Whether the customer may request a return. The shop decides about the time limit. */
export const canReturn = ({ status, goodsReturn }: OrderView): boolean =>
  (status === 'shipped' || status === 'delivered') && !goodsReturn

/** An operator may refund at any time. */
export const canRefund = (status: OrderStatus): boolean =>
  status === 'confirmed' || status === 'shipped' || status === 'delivered'
