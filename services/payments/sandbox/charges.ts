import { z } from 'zod'

const Key = z.string().min(1).max(255)
const base = { key: Key }
const asked = {
  amount: z.int().min(1),
  currency: z.string().regex(/^[A-Z]{3}$/),
  card: z.string().min(1).max(64),
  reference: z.string().min(1).max(255),
}

export const ChargeBody = z.strictObject(asked)
export type ChargeBody = z.infer<typeof ChargeBody>
export const RefundBody = z.strictObject({
  charge: z.string().min(1),
  amount: z.int().min(1),
  /** The client's own id of the refund. */
  reference: z.string().min(1).max(255).optional(),
})
export type RefundBody = z.infer<typeof RefundBody>

/** Effect of a request: one line of the log. The state is a fold over all lines. */
export const Effect = z.discriminatedUnion('effect', [
  z.object({ effect: z.literal('captured'), ...base, charge: z.string(), ...asked }),
  z.object({
    effect: z.literal('declined'),
    ...base,
    charge: z.string(),
    ...asked,
    code: z.string(),
  }),
  z.object({
    effect: z.literal('refunded'),
    ...base,
    refund: z.string(),
    charge: z.string(),
    amount: z.int(),
    currency: z.string(),
    reference: z.string().optional(),
  }),
  z.object({ effect: z.literal('replayed'), ...base, of: z.string() }),
  z.object({ effect: z.literal('failed'), ...base, status: z.int(), code: z.string() }),
])
export type Effect = z.infer<typeof Effect>

type Charge = ChargeBody & {
  id: string
  status: 'captured' | 'declined'
  declineCode?: string
  refunded: number
}
type Refund = {
  id: string
  charge: string
  amount: number
  currency: string
  reference?: string
  status: 'refunded'
}

export type Charges = {
  /** Decides the effect of a charge request; the state changes only in `apply`. */
  charge(key: string, body: ChargeBody, id: string): Effect
  /** Decides the effect of a refund request; the state changes only in `apply`. */
  refund(key: string, body: RefundBody, id: string): Effect
  apply(effect: Effect): void
  chargeOf(key: string): Charge | undefined
  refundOf(key: string): Refund | undefined
  /** Returns all refunds of a charge, oldest first. */
  refundsOf(charge: string): Refund[]
}

const outages = 2
const cards = [
  'card_approved',
  'card_declined',
  'card_retry',
  'card_timeout_after_charge',
  'card_slow',
]

/** The provider's state: the result per idempotency key, and the refundable rest per charge. */
export function createCharges(): Charges {
  const chargesByKey = new Map<string, Charge>()
  const chargesById = new Map<string, Charge>()
  const refundsByKey = new Map<string, Refund>()
  const outagesByKey = new Map<string, number>()

  function charge(key: string, body: ChargeBody, id: string): Effect {
    if (refundsByKey.has(key)) return failed(key, 409, 'idempotency-key-reused')
    const known = chargesByKey.get(key)
    if (known)
      return sameCharge(known, body)
        ? { effect: 'replayed', key, of: known.id }
        : failed(key, 409, 'idempotency-key-reused')
    if (!cards.includes(body.card)) return failed(key, 422, 'unknown-card')
    if (body.card === 'card_retry' && (outagesByKey.get(key) ?? 0) < outages)
      return failed(key, 503, 'outage')
    if (body.card === 'card_declined')
      return { effect: 'declined', key, charge: id, ...body, code: 'insufficient-funds' }
    return { effect: 'captured', key, charge: id, ...body }
  }

  function refund(key: string, body: RefundBody, id: string): Effect {
    if (chargesByKey.has(key)) return failed(key, 409, 'idempotency-key-reused')
    const known = refundsByKey.get(key)
    if (known)
      return known.charge === body.charge && known.amount === body.amount
        ? { effect: 'replayed', key, of: known.id }
        : failed(key, 409, 'idempotency-key-reused')
    const of = chargesById.get(body.charge)
    if (!of) return failed(key, 404, 'unknown-charge')
    if (of.status === 'declined') return failed(key, 422, 'not-captured')
    if (body.amount > of.amount - of.refunded) return failed(key, 422, 'more-than-captured')
    return { effect: 'refunded', key, refund: id, ...body, currency: of.currency }
  }

  function apply(effect: Effect): void {
    if (effect.effect === 'captured' || effect.effect === 'declined') {
      const { amount, currency, card, reference } = effect
      const made: Charge = {
        id: effect.charge,
        status: effect.effect,
        amount,
        currency,
        card,
        reference,
        refunded: 0,
        ...(effect.effect === 'declined' && { declineCode: effect.code }),
      }
      chargesByKey.set(effect.key, made)
      chargesById.set(made.id, made)
    }
    if (effect.effect === 'refunded') {
      const { refund: id, charge: of, amount, currency, key, reference } = effect
      const back: Refund = { id, charge: of, amount, currency, status: 'refunded' }
      refundsByKey.set(key, { ...back, ...(reference && { reference }) })
      const made = chargesById.get(of)
      if (made) made.refunded += amount
    }
    if (effect.effect === 'failed' && effect.code === 'outage')
      outagesByKey.set(effect.key, (outagesByKey.get(effect.key) ?? 0) + 1)
  }

  return {
    charge,
    refund,
    apply,
    chargeOf: (key) => chargesByKey.get(key),
    refundOf: (key) => refundsByKey.get(key),
    refundsOf: (charge) => [...refundsByKey.values()].filter((refund) => refund.charge === charge),
  }
}

const failed = (key: string, status: number, code: string): Effect => ({
  effect: 'failed',
  key,
  status,
  code,
})

/** Turns a capture into a decline. */
export const declined = (effect: Effect): Effect =>
  effect.effect === 'captured'
    ? { ...effect, effect: 'declined', code: 'declined-by-issuer' }
    : effect

const sameCharge = (known: Charge, body: ChargeBody): boolean =>
  known.amount === body.amount &&
  known.currency === body.currency &&
  known.card === body.card &&
  known.reference === body.reference
