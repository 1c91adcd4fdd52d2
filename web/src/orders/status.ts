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

/** Why an order was cancelled, for its customer. */
export const reasons: Record<CancelReason, string> = {
  'customer-request': 'You cancelled this order. Nothing is owed.',
  'out-of-stock': 'Somebody was faster: it is sold out. Nothing was charged.',
  'unknown-sku': 'Something in it is no longer sold. Nothing was charged.',
  discontinued: 'Something in it is no longer sold. Nothing was charged.',
  'price-changed': 'A price has changed since you saw it. Nothing was charged.',
  'card-declined': 'The bank declined the card. Nothing was charged; your basket is as it was.',
  'took-too-long': 'It took too long, so we undid it. Whatever was charged is given back.',
}

/** What an order goes through when all is well, in the customer's words. */
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

/** Where an order is, or `undefined` when it has left the usual way. */
export function stagesOf(status: OrderStatus): Stage[] | undefined {
  const done = reached[status]
  if (done === undefined) return undefined
  return stages.map((label, index) => ({
    label,
    state: index < done ? 'done' : index === done ? 'now' : 'ahead',
  }))
}

const last: readonly OrderStatus[] = ['delivered', 'cancelled', 'refunded']
/** Nothing more happens to it: an order that is being sent back goes on. */
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
/** Its customer can see what became of it: bought, or not. */
export const isDecided = (status: OrderStatus): boolean => !undecided.includes(status)

/** Before the money is taken it can be called off; afterwards the money can be asked back. */
export const canCancel = (status: OrderStatus): boolean =>
  status === 'placed' || status === 'reserved'
/** Its customer may ask to send it back; whether in time, the shop says. */
export const canReturn = ({ status, goodsReturn }: OrderView): boolean =>
  (status === 'shipped' || status === 'delivered') && !goodsReturn

/** An operator may return the money at any time. */
export const canRefund = (status: OrderStatus): boolean =>
  status === 'confirmed' || status === 'shipped' || status === 'delivered'
