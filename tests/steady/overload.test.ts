import { beforeAll, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { type Person, reaches } from '../system/client.ts'
import { buyer, isShed, orderOnce, type Reply } from './client.ts'

/** More at once than the gateways take, and more than may be under way. */
const crowd = 1_500

let ada: Person
let replies: Reply[]

beforeAll(async () => {
  ada = await buyer(crowd)
  replies = await Promise.all(Array.from({ length: crowd }, () => orderOnce(ada)))
})

it('what is too much is refused with 503, as a problem, and told when to come back', () => {
  const refused = replies.filter(({ status }) => status !== 202)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.filter((reply) => !isShed(reply))).toEqual([])
})

it('what was accepted is completed', async () => {
  const accepted = replies.filter(({ status }) => status === 202)
  expect(accepted.length).toBeGreaterThan(0)
  for (const { orderId } of accepted) await reaches(ada, orderId, ['confirmed'], 60_000)
})

it('and the shop takes orders again', async () => {
  const again = async () => {
    const reply = await orderOnce(ada)
    return reply.status === 202 ? reply : undefined
  }
  const placed = await until('an order is accepted', again, 60_000)
  await reaches(ada, placed.orderId, ['confirmed'])
})
