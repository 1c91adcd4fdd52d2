import { expect, test } from 'vitest'
import { createRateSearch } from './rate-search.ts'

function climb(limit: number, first: number, refine: number, most = 20) {
  const ladder = createRateSearch({ first, refine, most })
  const tried: number[] = []
  for (let rate = ladder.next(); rate !== undefined; rate = ladder.next()) {
    tried.push(rate)
    ladder.report(rate, rate <= limit)
  }
  return { tried, best: ladder.best() }
}

test('goes up while the rate is kept up, then into the gap', () => {
  const { tried, best } = climb(200, 100, 2)
  expect(tried.slice(0, 5)).toEqual([100, 125, 156.25, 195.3125, 244.140625])
  expect(tried).toHaveLength(7)
  expect(best).toBeCloseTo(195.3125)
})

test('comes within a few percent of the limit', () => {
  for (const limit of [37, 88, 143, 410]) {
    const { best = 0 } = climb(limit, 60, 3)
    expect(best / limit).toBeGreaterThan(0.96)
    expect(best).toBeLessThanOrEqual(limit)
  }
})

test('takes longer steps while the processors are far from busy', () => {
  const ladder = createRateSearch({ first: 20, refine: 0, most: 9 })
  ladder.report(20, true, 200)
  expect(ladder.next()).toBe(40)
  ladder.report(40, true, 75)
  expect(ladder.next()).toBe(60)
  ladder.report(60, true, 70)
  expect(ladder.next()).toBe(75)
})

test('goes down when even the first rung is too high', () => {
  const { tried, best = 0 } = climb(30, 100, 0)
  expect(tried[1]).toBeLessThan(100)
  expect(best).toBeLessThanOrEqual(30)
  expect(best).toBeGreaterThan(24)
})

test('gives up after so many rungs', () => {
  expect(climb(1, 1000, 2, 4)).toMatchObject({ best: undefined, tried: { length: 4 } })
})
