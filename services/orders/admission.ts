import { refused } from '@sidecart/chassis/core/errors.ts'

export type Admission = {
  /**
   * Counts one more order of this customer.
   *
   * @throws Refusal `too-many-open-orders` when this customer has too many orders under way, `overloaded` when all
   * customers together have too many
   */
  admit(customerId: string): Promise<void>
}

export type AdmissionOptions = {
  /** Unfinished orders of all instances, by customer. */
  underWay: () => Promise<ReadonlyMap<string, number>>
  most: number
  mostPerCustomer: number
  now?: () => number
}

const lookEveryMs = 250
const retryAfterSeconds = 2

/**
 * Limits the orders under way, and so the latency of accepted orders: further orders are rejected before any work is
 * done. No customer can use the whole limit. The counts are up to 250 ms old, so the limits may be slightly exceeded.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const { underWay, most, mostPerCustomer, now = Date.now } = options
  let counts = new Map<string, number>()
  let total = 0
  let lookedAt = Number.NEGATIVE_INFINITY

  async function look(): Promise<void> {
    lookedAt = now()
    counts = new Map(await underWay())
    total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  }

  return {
    async admit(customerId) {
      if (now() - lookedAt >= lookEveryMs) await look()
      const own = counts.get(customerId) ?? 0
      if (own >= mostPerCustomer)
        throw refused('too-many-open-orders', `${own} orders of yours are under way already.`, {
          retryAfterSeconds,
        })
      if (total >= most)
        throw refused('overloaded', `${total} orders are under way; try again in a moment.`, {
          retryAfterSeconds,
        })
      counts.set(customerId, own + 1)
      total += 1
    },
  }
}
