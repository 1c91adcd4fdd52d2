import type { orderLimits } from '@sidecart/catalog/contract.ts'

/** Those of the contract, by their literal types: another number there does not compile here, and no schema is in the bundle. */
export const limits: typeof orderLimits = { products: 50, pieces: 999 }
