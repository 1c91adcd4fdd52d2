/** Searches for the highest sustainable rate. */
export type RateSearch = {
  /** Returns the next rate to try, or `undefined` when the search is finished. */
  next(): number | undefined
  /** Reports a result. `hint` is the rate possible with the CPU cost measured in this step. */
  report(rate: number, kept: boolean, hint?: number): void
  /** Returns the highest sustained rate. */
  best(): number | undefined
}

export type RateSearchOptions = {
  first: number
  /** Number of bisections between the highest sustained rate and the lowest unsustained rate. */
  refine: number
  /** Greatest number of steps. */
  most: number
}

/** Smallest and largest factor between two steps. */
const leastStep = 1.25
const longestStep = 2
/** Usable share of the CPU before another resource is exhausted. */
const reachable = 0.8

/**
 * Raises the rate while steps are sustained (or lowers it until one is), then bisects between the
 * highest sustained and the lowest unsustained rate.
 */
export function createRateSearch({ first, refine, most }: RateSearchOptions): RateSearch {
  let held: number | undefined
  let failed: number | undefined
  let tried = 0
  let halved = 0
  let step = leastStep

  function next(): number | undefined {
    if (tried >= most || halved > refine) return undefined
    if (held === undefined) return failed === undefined ? first : failed / leastStep
    if (failed === undefined) return held * step
    halved += 1
    return halved > refine ? undefined : Math.sqrt(held * failed)
  }

  function report(rate: number, kept: boolean, hint = rate): void {
    tried += 1
    step = Math.min(longestStep, Math.max(leastStep, (hint * reachable) / rate))
    if (kept) held = Math.max(held ?? 0, rate)
    else failed = Math.min(failed ?? Number.POSITIVE_INFINITY, rate)
  }

  return { next, report, best: () => held }
}
