import type { Money } from '@sidecart/chassis/contract/openapi.ts'

/**
 * For people: `€1,234.50`. Written out, because the browser's first number format costs more time
 * than everything else on the first page.
 */
export function formatMoney({ amount }: Money): string {
  const cents = String(amount % 100).padStart(2, '0')
  const euros = String(Math.floor(amount / 100)).replace(/\B(?=(\d{3})+$)/g, ',')
  return `€${euros}.${cents}`
}

export const euro = (amount: number): Money => ({ amount, currency: 'EUR' })
