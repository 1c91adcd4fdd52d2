/** Looks for the highest rate that can be kept up. */
export type RateSearch = {
  /** The rate to try next; none: the answer is known well enough. */
  next(): number | undefined
  /** `hint`: the rate that the processors would allow, by what an order took at this one. */
  report(rate: number, kept: boolean, hint?: number): void
  /** The highest rate that was kept up. */
  best(): number | undefined
}

export type RateSearchOptions = {
  first: number
  /** How often the gap between the last rung that held and the first that did not is halved. */
  refine: number
  /** Rungs at most. */
  most: number
}

/** A rung is higher than the one before by at least and at most this factor. */
const leastStep = 1.25
const longestStep = 2
/** Of the processors, before something else gives out. */
const reachable = 0.8

/** Up while rungs hold (or down until one does), then between the last that held and the first that did not. */
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
