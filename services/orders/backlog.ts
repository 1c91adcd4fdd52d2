import { refused } from '../../chassis/refusal.ts'

export type Backlog = {
  /** Counts one more order. @throws Refusal `overloaded` when too many are under way already */
  admit(): Promise<void>
}

export type BacklogOptions = {
  /** Orders that have not come to rest, of all instances. */
  underWay: () => Promise<number>
  most: number
  now?: () => number
}

const lookEveryMs = 250
const retryAfterSeconds = 2

/**
 * Bounds how many orders wait for their turn, and so how long one that was accepted takes: what exceeds that is refused
 * before anything is done for it. The count is a little old, and so is a little exceeded.
 */
export function createBacklog({ underWay, most, now = Date.now }: BacklogOptions): Backlog {
  let count = 0
  let lookedAt = Number.NEGATIVE_INFINITY

  async function look(): Promise<void> {
    lookedAt = now()
    count = await underWay()
  }

  return {
    async admit() {
      if (now() - lookedAt >= lookEveryMs) await look()
      if (count >= most)
        throw refused('overloaded', `${count} orders are under way; try again in a moment.`, {
          retryAfterSeconds,
        })
      count += 1
    },
  }
}
