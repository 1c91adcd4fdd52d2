import { createRandom } from '@sidecart/client/random.ts'
import { describe, expect, it } from 'vitest'
import { type Fault, type Kind, kinds, schedule, wordsFor } from './schedule.ts'

const targets = {
  processes: ['orders', 'orders-sidecar', 'catalog'],
  databases: ['orders', 'catalog'],
  broker: 'nats',
} as const

function first(count: number, seed: number, wanted: readonly Kind[] = kinds): Fault[] {
  const faults = schedule(seed, wanted, targets, 3)
  return Array.from({ length: count }, () => faults.next().value)
}

describe('a schedule of faults', () => {
  it('is the same for the same seed', () => {
    expect(first(100, 7)).toEqual(first(100, 7))
  })

  it('is another for another seed', () => {
    expect(first(100, 7)).not.toEqual(first(100, 8))
  })

  it('has one fault every so many seconds', () => {
    expect(first(4, 1).map(({ atSeconds }) => atSeconds)).toEqual([3, 6, 9, 12])
  })

  it('has only the kinds that are wanted, and sooner or later all of them', () => {
    expect(new Set(first(200, 3, ['kill', 'db']).map(({ kind }) => kind))).toEqual(
      new Set(['kill', 'db']),
    )
    expect(new Set(first(200, 3).map(({ kind }) => kind))).toEqual(new Set(kinds))
  })

  it('hits every target', () => {
    const killed = first(200, 5, ['kill']).map(({ target }) => target)
    expect(new Set(killed)).toEqual(new Set(targets.processes))
  })

  it('is told in a few words', () => {
    expect(wordsFor({ atSeconds: 3, kind: 'broker', does: 'stop', target: 'nats', size: 4 })).toBe(
      'stop nats, 4 s',
    )
    expect(wordsFor({ atSeconds: 3, kind: 'kill', does: 'kill', target: 'orders', size: 0 })).toBe(
      'kill orders',
    )
  })
})

describe('random numbers', () => {
  it('stay in their range and reach both ends', () => {
    const random = createRandom(1)
    const drawn = new Set(Array.from({ length: 1000 }, () => random.int(2, 5)))
    expect([...drawn].sort()).toEqual([2, 3, 4, 5])
  })

  it('are spread evenly', () => {
    const random = createRandom(42)
    const sum = Array.from({ length: 10_000 }, random.next).reduce((total, one) => total + one, 0)
    expect(sum / 10_000).toBeCloseTo(0.5, 1)
  })
})
