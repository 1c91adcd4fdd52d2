import { refused } from '@sidecart/chassis/core/errors.ts'

export type Admission = {
  /**
   * Counts one more order of this customer.
   *
   * @throws Refusal `too-many-open-orders` when too many of the customer's own are under way, `overloaded` when too many
   * of all customers are
   */
  admit(customerId: string): Promise<void>
}

export type AdmissionOptions = {
  /** Orders that have not come to rest, of all instances, by customer. */
  underWay: () => Promise<ReadonlyMap<string, number>>
  most: number
  mostPerCustomer: number
  now?: () => number
}

const lookEveryMs = 250
const retryAfterSeconds = 2

/**
 * Bounds how many orders wait for their turn, and so how long one that was accepted takes: what exceeds that is refused
 * before anything is done for it. No customer can take all places. The counts are a little old, and so are a little
 * exceeded.
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
