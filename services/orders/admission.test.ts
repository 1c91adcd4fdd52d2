import { beforeEach, describe, expect, it } from 'vitest'
import { createAdmission } from './admission.ts'

let clock: number
let underWay: number
/** Customer of the orders under way. */
let owner: string
let looks: number
const backlog = () =>
  createAdmission({
    most: 2,
    mostPerCustomer: 10,
    now: () => clock,
    underWay: async () => {
      looks += 1
      return new Map([[owner, underWay]])
    },
  })
const busy = expect.objectContaining({ code: 'overloaded', extra: { retryAfterSeconds: 2 } })

beforeEach(() => {
  clock = 0
  underWay = 0
  owner = 'bob'
  looks = 0
})

it('as many orders are admitted as may be under way', async () => {
  const { admit } = backlog()
  await admit('ada')
  await admit('ada')
  await expect(admit('ada')).rejects.toEqual(busy)
  expect(looks).toBe(1)
})

it('there is room again when orders have come to rest', async () => {
  underWay = 2
  const { admit } = backlog()
  await expect(admit('ada')).rejects.toEqual(busy)
  underWay = 1
  clock = 250
  await admit('ada')
  await expect(admit('ada')).rejects.toEqual(busy)
})

describe('one customer', () => {
  const tight = () =>
    createAdmission({
      most: 500,
      mostPerCustomer: 100,
      now: () => clock,
      underWay: async () => new Map([[owner, underWay]]),
    })
  const tooMany = expect.objectContaining({
    code: 'too-many-open-orders',
    extra: { retryAfterSeconds: 2 },
  })

  it('cannot take the places of all others', async () => {
    const { admit } = tight()
    await admit('bob')
    const bobs = await Promise.allSettled(Array.from({ length: 499 }, () => admit('bob')))
    expect(bobs.filter(({ status }) => status === 'fulfilled')).toHaveLength(99)
    await expect(admit('bob')).rejects.toEqual(tooMany)
    await admit('ada')
  })

  it('is counted over all instances, and has room again when orders have come to rest', async () => {
    underWay = 100
    const { admit } = tight()
    await expect(admit('bob')).rejects.toEqual(tooMany)
    underWay = 99
    clock = 250
    await admit('bob')
    await expect(admit('bob')).rejects.toEqual(tooMany)
  })
})
