import { z } from 'zod'

/**
 * Faults of a request: `silent` takes effect without a response, `broken` takes effect with a 500, `away` is a 503
 * without effect, `twice` arrives two times, `decline` is a decline by the bank for any card.
 */
const Fault = z.enum(['silent', 'broken', 'away', 'twice', 'decline'])
export type Fault = z.infer<typeof Fault>

export const FaultsBody = z.strictObject({ fault: Fault, requests: z.int().min(0).max(10_000) })

/** Faults injected into the next charges and refunds. Initially none. */
export function createFaults() {
  let planned: z.infer<typeof FaultsBody> = { fault: 'away', requests: 0 }
  return {
    /** Replaces the previous plan. */
    plan(faults: z.infer<typeof FaultsBody>): void {
      planned = { ...faults }
    },
    /** Returns the fault for the next request. */
    take(): Fault | undefined {
      if (planned.requests === 0) return undefined
      planned.requests -= 1
      return planned.fault
    },
  }
}
