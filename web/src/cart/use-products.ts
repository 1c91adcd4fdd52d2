import type { Product } from '@sidecart/catalog/contract.ts'
import { useQueries } from '@tanstack/react-query'
import { isOutage, isProblem } from '../api/problem.ts'
import { productQuery } from '../api/queries.ts'
import { euro } from '../ui/money.ts'
import type { Line } from './lines.ts'

/** A line with the catalogue's answer: none yet, product gone, or the product. */
export type PricedLine = Line & { product?: Product | undefined; gone: boolean }

/** Prices come from the catalogue. The total is defined only when all prices are known. */
export function usePrices(lines: readonly Line[]) {
  const answers = useQueries({ queries: lines.map(({ sku }) => productQuery(sku)) })
  const priced = lines.map((line, index): PricedLine => {
    const { data: product, error } = answers[index] ?? {}
    return {
      ...line,
      product,
      gone: isProblem(error, 'not-found') || product?.discontinued === true,
    }
  })
  return {
    priced,
    total: totalOf(priced),
    unreachable: answers.some(({ error, data }) => isOutage(error) && !data),
    orderable: priced.every(isOrderable),
  }
}

function totalOf(lines: readonly PricedLine[]) {
  let amount = 0
  for (const { product, quantity } of lines) {
    if (!product) return undefined
    amount += product.price.amount * quantity
  }
  return euro(amount)
}

export const isOrderable = ({ product, gone, quantity }: PricedLine): boolean =>
  !gone && product !== undefined && product.available >= quantity
