import { until } from '@sidecart/testing/until.ts'
import { beforeAll, expect, it } from 'vitest'
import { type Person, reaches } from '../system/client.ts'
import { buyer, isShed, orderOnce, type Reply } from './client.ts'

/** Above both limits: concurrent requests at the gateways, and orders in progress. */
const crowd = 1_500
/** Enough customers to stay below the limit of orders per customer. */
const customers = 20

let people: Person[]
let replies: { by: Person; reply: Reply }[]

const orderedBy = async (by: Person) => ({ by, reply: await orderOnce(by) })

beforeAll(async () => {
  people = [await buyer(crowd)]
  while (people.length < customers) people.push(await buyer(1))
  const buying = Array.from({ length: crowd / customers }, () => people.map(orderedBy))
  replies = await Promise.all(buying.flat())
}, 120_000)

it('what is too much is refused with 503, as a problem, and told when to come back', () => {
  const refused = replies.map(({ reply }) => reply).filter(({ status }) => status !== 202)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.filter((reply) => !isShed(reply))).toEqual([])
})

it('what was accepted is completed', async () => {
  const accepted = replies.filter(({ reply }) => reply.status === 202)
  expect(accepted.length).toBeGreaterThan(0)
  for (const { by, reply } of accepted) await reaches(by, reply.orderId, ['confirmed'], 60_000)
})

it('and the shop takes orders again', async () => {
  const ada = await buyer(1)
  const again = async () => {
    const reply = await orderOnce(ada)
    return reply.status === 202 ? reply : undefined
  }
  const placed = await until('an order is accepted', again, 60_000)
  await reaches(ada, placed.orderId, ['confirmed'])
})
