import { z } from 'zod'

/**
 * What can go wrong with a request: `silent` takes effect and is never answered, `broken` takes effect and is
 * answered 500, `away` is answered 503 without effect, `twice` arrives two times, `decline` is a card that the bank
 * refuses, whichever it is.
 */
const Fault = z.enum(['silent', 'broken', 'away', 'twice', 'decline'])
export type Fault = z.infer<typeof Fault>

export const FaultsBody = z.strictObject({ fault: Fault, requests: z.int().min(0).max(10_000) })

/** Faults that the next charges and refunds meet. None at the start. */
export function createFaults() {
  let planned: z.infer<typeof FaultsBody> = { fault: 'away', requests: 0 }
  return {
    /** Instead of what was planned before. */
    plan(faults: z.infer<typeof FaultsBody>): void {
      planned = { ...faults }
    },
    /** The fault of one more request. */
    take(): Fault | undefined {
      if (planned.requests === 0) return undefined
      planned.requests -= 1
      return planned.fault
    },
  }
}
