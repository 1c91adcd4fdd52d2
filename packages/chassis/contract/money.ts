import { z } from '@hono/zod-openapi'

/** Minor units, as far as JSON numbers are exact in every language. */
const amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

/** An amount in integer minor units (cents) and its ISO 4217 currency. Never a float. */
export const Money = z
  .strictObject({ amount, currency: z.literal('EUR') })
  .openapi('Money', { example: { amount: 1490, currency: 'EUR' } })
export type Money = z.infer<typeof Money>

/** An amount above zero. */
export const PositiveMoney = z.strictObject({ ...Money.shape, amount: amount.min(1) })

export const euro = (amount: number): Money => ({ amount, currency: 'EUR' })

/**
 * @throws RangeError when the result is no longer an exact integer
 * @lintignore a service may be the only one to multiply
 */
export function times(price: Money, quantity: number): Money {
  return exact(price.amount * quantity)
}

/** Formats an amount for people: `€14.90`. */
export const formatMoney = (money: Money): string =>
  new Intl.NumberFormat('en-IE', { style: 'currency', currency: money.currency }).format(
    money.amount / 100,
  )

function exact(amount: number): Money {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${amount} is beyond exact arithmetic`)
  return euro(amount)
}
