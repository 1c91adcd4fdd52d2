import type { orderLimits } from '@sidecart/catalog/contract.ts'

/**
 * The limits of the contract, typed as literals: another number does not compile here, and the
 * bundle contains no schema.
 */
export const limits: typeof orderLimits = { products: 50, pieces: 999 }
