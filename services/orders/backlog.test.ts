import { beforeEach, expect, it } from 'vitest'
import { createBacklog } from './backlog.ts'

let clock: number
let underWay: number
let looks: number
const backlog = () =>
  createBacklog({
    most: 2,
    now: () => clock,
    underWay: async () => {
      looks += 1
      return underWay
    },
  })
const busy = expect.objectContaining({ code: 'overloaded', extra: { retryAfterSeconds: 2 } })

beforeEach(() => {
  clock = 0
  underWay = 0
  looks = 0
})

it('as many orders are admitted as may be under way', async () => {
  const { admit } = backlog()
  await admit()
  await admit()
  await expect(admit()).rejects.toEqual(busy)
  expect(looks).toBe(1)
})

it('there is room again when orders have come to rest', async () => {
  underWay = 2
  const { admit } = backlog()
  await expect(admit()).rejects.toEqual(busy)
  underWay = 1
  clock = 250
  await admit()
  await expect(admit()).rejects.toEqual(busy)
})
