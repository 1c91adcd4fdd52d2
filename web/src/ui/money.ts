import type { Money } from '../../../chassis/contract.ts'

const formats = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })

/** For people: `€14.90`. */
export const formatMoney = ({ amount }: Money): string => formats.format(amount / 100)

export const euro = (amount: number): Money => ({ amount, currency: 'EUR' })
