/** The median, the least and the greatest. */
export type Spread = { median: number; low: number; high: number }

/**
 * Returns the median (the mean of the two middle numbers for an even count), or NaN for an empty
 * list.
 */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const upper = sorted[Math.floor(half)] ?? Number.NaN
  return Number.isInteger(half) ? ((sorted[half - 1] ?? Number.NaN) + upper) / 2 : upper
}

export function spreadOf(numbers: readonly number[]): Spread {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  return { median: twoDigits(median(numbers)), low: twoDigits(low), high: twoDigits(high) }
}

const twoDigits = (number: number): number => Math.round(number * 100) / 100
