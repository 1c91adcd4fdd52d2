// notifications: optional file
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '@sidecart/testing/until.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isShed, orderOnce } from '../availability/client.ts'
import { confirmedCustomer, mailsTo, type Person, reaches } from '../system/client.ts'
import { brokerProcess, invariantsHold, killBroker, sidecart, startShop } from '../system/shop.ts'
import { outageSeconds } from './seconds.ts'

/** A way to run the shop. `stopBroker` returns a function starting the broker again. */
type Way = {
  start(): Promise<() => Promise<unknown>>
  stopBroker(): Promise<() => Promise<unknown>>
}

const ways: Record<string, Way> = {
  '`dapr run -f .`': {
    start: startShop,
    async stopBroker() {
      const away = await killBroker()
      return () => away.start()
    },
  },
  'the supervisor': {
    async start() {
      await sidecart('up', '--detach')
      return () => sidecart('down')
    },
    async stopBroker() {
      const { name } = brokerProcess()
      await sidecart('stop', name)
      return () => sidecart('start', name)
    },
  },
}

const orderEverySeconds = 10
const minute = 60_000

describe.each(Object.entries(ways))('under %s', (_, { start, stopBroker }) => {
  let stop: () => Promise<unknown> = async () => {}
  let ada: Person

  beforeAll(async () => {
    stop = await start()
    // the first calls of a shop that has just started may be answered with 503 and Retry-After on a busy machine
    const registered = () =>
      confirmedCustomer().catch((error: Error) => {
        if (!error.message.includes('answered 503')) throw error
        return undefined
      })
    ada = await until('a customer is registered', registered, minute, 1_000)
  }, 5 * minute)
  afterAll(() => stop(), 2 * minute)

  const order = () => orderOnce(ada)
  const confirmations = async () =>
    (await mailsTo(ada.email)).filter((subject) => /is confirmed$/.test(subject)).length

  it(`events flow within a minute after the broker was away for ${outageSeconds} s`, {
    timeout: outageSeconds * 1_000 + 6 * minute,
  }, async () => {
    const before = await order()
    expect(before.status).toBe(202)
    await until('the mail of the first order arrives', async () => (await confirmations()) === 1)

    const startBroker = await stopBroker()
    const stoppedAt = Date.now()
    const answers = []
    while (Date.now() < stoppedAt + outageSeconds * 1_000) {
      answers.push(await order())
      await pause(orderEverySeconds * 1_000)
    }
    const accepted = answers.filter(({ status }) => status === 202)
    expect(answers.filter((answer) => answer.status !== 202 && !isShed(answer))).toEqual([])
    expect(await confirmations()).toBe(1)

    await startBroker()
    const backAt = Date.now()
    const left = () => Math.max(1, backAt + minute - Date.now())
    const after = await until(
      'an order is accepted',
      async () => {
        const answer = await order()
        return answer.status === 202 ? answer : undefined
      },
      left(),
      1_000,
    )
    for (const { orderId } of [...accepted, after])
      await reaches(ada, orderId, ['confirmed'], left())
    const orders = accepted.length + 2
    await until(
      `the mails of ${orders} orders arrive`,
      async () => (await confirmations()) === orders,
      left(),
      250,
    )
    console.log(
      `${accepted.length} of ${answers.length} orders accepted meanwhile; all mails ${Math.round((Date.now() - backAt) / 1_000)} s after the broker's return`,
    )
    await invariantsHold(minute)
  })
})
