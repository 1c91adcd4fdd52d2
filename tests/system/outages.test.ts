import { until } from '@sidecart/testing/until.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  confirmedCustomer,
  mailsTo, // notifications: optional line
  newCustomer,
  orderOf,
  type Person,
  placed,
  reaches,
} from './client.ts'
import { invariantsHold, killApp, killBroker } from './shop.ts'

const mug = 'MUG-ENAMEL-BLUE'
const tenSeconds = 10_000
let ada: Person

beforeAll(async () => {
  ada = await newCustomer()
})

describe.each(['payments', 'catalog'])('while %s is away', (service) => {
  it('orders are accepted, and complete within 10 s of its return', async () => {
    const away = await killApp(service)
    const orders = await Promise.all(Array.from({ length: 10 }, () => placed(ada, orderOf(mug))))
    await away.start()
    const results = await Promise.all(
      orders.map((id) => reaches(ada, id, ['confirmed', 'cancelled'], tenSeconds)),
    )
    expect(results.map(({ status }) => status)).toEqual(orders.map(() => 'confirmed'))
  })
})

it('while orders itself is away nothing that was accepted is lost', async () => {
  const orders = await Promise.all(
    Array.from({ length: 10 }, () => placed(ada, orderOf(mug, 1, 'card_slow'))),
  )
  const away = await killApp('orders')
  await away.start()
  for (const id of orders) await reaches(ada, id, ['confirmed'], 30_000)
})

it('while the broker is away orders complete, and their events arrive late, none lost', async () => {
  const bob = await confirmedCustomer()
  // notifications: optional
  await until('the welcome mail arrives', async () =>
    (await mailsTo(bob.email)).includes('Welcome to Sidecart'),
  )
  // /notifications
  const away = await killBroker()
  const orders = await Promise.all(Array.from({ length: 5 }, () => placed(bob, orderOf(mug))))
  for (const id of orders) await reaches(bob, id, ['confirmed'])
  await away.start()
  // notifications: optional
  await until(
    'five confirmations arrive',
    async () =>
      (await mailsTo(bob.email)).filter((subject) => /is confirmed$/.test(subject)).length === 5,
    30_000,
  )
  // /notifications
})

it('afterwards the invariants hold', () => invariantsHold(90_000))
